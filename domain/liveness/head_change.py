"""Classifies head movements relative to the frontal pose. docs/liveness-sessions.md explains the constants."""

from dataclasses import dataclass

from domain.liveness.head_motion import HeadMotion, HeadShape
from domain.liveness.movements import Movement

_TURNED = 0.25
"""Parallax across, from which on a head is turned to a side: an average head by about 31 degrees."""
_SIDEWAYS = 0.25
"""The most parallax along, in that across, of a head that turns to a side."""
_SOLID_TURNED = 0.25
"""The least solidity then."""
_TILTED = 0.08
"""Parallax from which on a chin is raised or lowered: an average head's by about 11 degrees."""
_LOWERED = 0.02
_LOWERED_SHARE = 0.15
_LOWERED_SHARE_TURNED = 0.35
"""The least parallax along of a lowered chin, and its share in that across: few cameras are right in the middle. The
last is that of a head which otherwise could be turned to a side."""
_RAISED = 0.08
_RAISED_SHARE = 0.5
"""The same of a raised chin, of which a turn to a side shows a little too."""
_SOLID_TILTED = 0.2
"""The least solidity then."""
_FACING = 0.07
"""Parallax up to which a head faces the camera as it did."""
_NEARER = 1.25
"""Growth of a face that has come closer."""
_NEARLY_FACING = 0.12
"""The most parallax then: near the camera, at the rim of the picture, landmarks err more."""
_MOST_ROLL = 30.0
"""Degrees from the roll at first; beyond it landmarks are too bad."""

_PLAIN_TURNED = 0.35
_PLAIN_LOWERED = 0.06
_PLAIN_LOWERED_SHARE = 0.5
_PLAIN_RAISED = 0.1
_PLAIN_RAISED_SHARE = 1.0
_PLAIN_SOLID = 0.3
_PLAIN_NEARER = 1.4
"""The same, of movements by which a session fails because they weren't asked for: with a margin."""

_OFF_CENTRE = 0.35
"""How far from the middle of the face, in inter-eye distances, a nose may be from the front."""
_NOSE_BELOW_EYES = 0.3, 0.85
"""Where it may be between eyes and mouth: some noses are crooked, and few people look straight ahead."""


@dataclass(frozen=True, slots=True)
class HeadChange:
    """Change of a head's pose and size since it faced the camera."""

    motion: HeadMotion
    roll: float
    """Change of roll in degrees."""
    of_picture: float
    """Ratio of the face's sizes relative to the picture."""
    pixels: float
    """Ratio of the face's sizes in pixels."""

    @property
    def facing(self) -> bool:
        """Whether the head faces the camera as it did."""
        return self.motion.parallax <= _FACING

    def shows(self, movement: Movement) -> bool:
        """Whether the requested movement is made."""
        if abs(self.roll) > _MOST_ROLL:
            return False
        if movement is Movement.CLOSER:
            return self.motion.parallax <= _NEARLY_FACING and max(self.of_picture, self.pixels) >= _NEARER
        return self._raised_or_lowered() if movement is Movement.UP else self._turned() is movement

    def plainly(self) -> Movement | None:
        """The movement that is clearly made, requested or not; leaning slightly forward does not count."""
        if self.facing:
            return Movement.CLOSER if min(self.of_picture, self.pixels) >= _PLAIN_NEARER else None
        moved = self.motion
        if moved.solidity < _PLAIN_SOLID or abs(self.roll) > _MOST_ROLL:
            return None
        across = abs(moved.across)
        if across >= _PLAIN_TURNED and (side := self._turned()):
            return side
        lowered = moved.along >= max(_PLAIN_LOWERED, _PLAIN_LOWERED_SHARE * across)
        raised = -moved.along >= max(_PLAIN_RAISED, _PLAIN_RAISED_SHARE * across)
        return Movement.UP if lowered or raised else None

    def _turned(self) -> Movement | None:
        moved = self.motion
        across = abs(moved.across)
        if across < _TURNED or abs(moved.along) >= _SIDEWAYS * across or moved.solidity < _SOLID_TURNED:
            return None
        return Movement.LEFT if moved.across > 0 else Movement.RIGHT

    def _raised_or_lowered(self) -> bool:
        moved = self.motion
        across = abs(moved.across)
        share = _LOWERED_SHARE if across < _TURNED else _LOWERED_SHARE_TURNED
        lowered = moved.along >= max(_LOWERED, share * across)
        raised = -moved.along >= max(_RAISED, _RAISED_SHARE * across)
        return (lowered or raised) and moved.parallax >= _TILTED and moved.solidity >= _SOLID_TILTED


def frontal(shape: HeadShape) -> bool:
    """Whether a head faces the camera, roughly."""
    right_eye, left_eye, nose, right_mouth, left_mouth = shape.array()
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    height = mouth[1] - eyes[1]
    if not height > 0:
        return False
    share = (nose[1] - eyes[1]) / height
    middle = eyes[0] + share * (mouth[0] - eyes[0])
    highest, lowest = _NOSE_BELOW_EYES
    return bool(highest <= share <= lowest and abs(nose[0] - middle) <= _OFF_CENTRE)
