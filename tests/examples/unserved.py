"""The examples of what the product does not do: an address, and how it is asked as `requests` knows it."""

from typing import Any

SPOKEN = {
    "input": "Good morning.",
    "model": "tts-xai-v1",
    "voice": "eve",
    "response_format": "mp3",
    "speed": 1,
    "streaming": False,
}
HEARD = {
    "model": "openai/whisper-large-v3",
    "response_format": "json",
    "timestamps": "true",
    "language": "en",
}
FILM = {"duration": "5s", "aspect_ratio": "16:9", "resolution": "720p", "audio": True}
QUEUED = {
    "model": "seedance-2-0-text-to-video-basic",
    "queue_id": "123e4567-e89b-12d3-a456-426614174000",
}
JUNE = "startTimestamp=2026-06-01T00:00:00Z&endTimestamp=2026-07-01T00:00:00Z&pageSize=1000"

UNSERVED: dict[str, tuple[str, dict[str, Any]]] = {
    "api_keys_list": ("/api_keys", {}),
    "api_keys_rate_limits_log": ("/api_keys/rate_limits/log", {}),
    "audio_speech": ("/audio/speech", {"json": SPOKEN}),
    "audio_transcriptions": (
        "/audio/transcriptions",
        {"data": HEARD, "files": {"file": ("talk.m4a", b"sounds")}},
    ),
    "billing_usage_analytics": ("/billing/usage-analytics?lookback=7d", {}),
    "billing_usage_history": (f"/billing/usage-history?{JUNE}", {}),
    "embeddings": (
        "/embeddings",
        {
            "json": {
                "model": "text-embedding-bge-m3",
                "input": "grass",
                "encoding_format": "float",
            }
        },
    ),
    "video_complete": ("/video/complete", {"json": QUEUED}),
    "video_queue": (
        "/video/queue",
        {"json": {"model": QUEUED["model"], "prompt": "A canal.", **FILM}},
    ),
    "video_quote": ("/video/quote", {"json": {"model": "wan-2.6-text-to-video", **FILM}}),
    "video_retrieve_processing": (
        "/video/retrieve",
        {"json": {**QUEUED, "delete_media_on_completion": False}},
    ),
}
