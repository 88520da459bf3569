"""What thresholds are fitted to."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from application.calibration_report import CalibrationReport
from entrypoints.http.envelope import Success
from entrypoints.http.views import Mirror
from entrypoints.http.views.numbers import Least


class ImpostorsView(Mirror):
    """Cosine similarities of different people."""

    mean: float
    deviation: Annotated[float, Meta(description="Standard deviation")]


class OperatingThresholdView(Mirror):
    """A threshold and its error rate."""

    promised: Annotated[float, Meta(description="The rate that the operator accepts")]
    threshold: Least
    """For faces that are as the enrolled ones on average; each comparison has its own."""
    estimated: Annotated[float, Meta(description="The rate among people like those enrolled")]
    table_threshold: Annotated[
        float, Meta(description="The threshold without regard for the people enrolled")
    ]
    table_estimated: Annotated[float, Meta(description="The rate at that one")]


class DoubtView(msgspec.Struct):
    """Why the estimates may be wrong."""

    code: Literal["too_few_people", "unlike_table"]
    detail: str


class CalibrationView(msgspec.Struct):
    """What one recognition model's similarities are like among the people of a collection."""

    collection: str
    recognition_model: str
    mode: Annotated[
        Literal["gallery", "table"],
        Meta(description="Whether thresholds are fitted to the people enrolled (FACE_CALIBRATION)"),
    ]
    people: Annotated[int, Meta(description="Enrolled with this model")]
    compared: Annotated[int, Meta(description="Those of them who stand for all, with one face each")]
    pairs: Annotated[int, Meta(description="Of different people among those")]
    age_s: Annotated[float, Meta(description="Since they were drawn")]
    observed: Annotated[ImpostorsView | None, Meta(description="Of these pairs; null with too few people")]
    expected: Annotated[
        ImpostorsView, Meta(description="Thresholds are fitted to this: observed and average")
    ]
    average: Annotated[ImpostorsView, Meta(description="Of all people whom the model was calibrated on")]
    verification: Annotated[OperatingThresholdView, Meta(description="Rates are false match rates")]
    identification: Annotated[
        OperatingThresholdView,
        Meta(description="A search among all the people; rates are false positive identification rates"),
    ]
    warnings: list[DoubtView]

    @classmethod
    def of(cls, report: CalibrationReport) -> "CalibrationView":
        return cls(
            collection=report.collection,
            recognition_model=report.model,
            mode=report.mode.value,
            people=report.people,
            compared=report.compared,
            pairs=report.pairs,
            age_s=round(report.age, 3),
            observed=None if report.observed is None else ImpostorsView.of(report.observed),
            expected=ImpostorsView.of(report.expected),
            average=ImpostorsView.of(report.average),
            verification=OperatingThresholdView.of(report.verification),
            identification=OperatingThresholdView.of(report.identification),
            warnings=[DoubtView(warning.value, warning.detail) for warning in report.warnings],
        )


class CalibrationAnswer(Success, kw_only=True):
    """What thresholds are fitted to."""

    data: CalibrationView
