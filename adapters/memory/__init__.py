"""Storage in this process's memory: what the tests run on; nothing outlives the process."""
