"""The API, /v1: one router per noun over the control plane, as the caller sees it."""
