"""Asks for a picture and saves it as output.png."""

import base64
import os
from pathlib import Path

import requests

headers = {
    "Authorization": f"Bearer {os.environ['API_KEY']}",
    "Content-Type": "application/json",
}
payload = {
    "model": "fluently-xl",
    "prompt": "A mountain lake in the evening",
    "width": 256,
    "height": 192,
    "steps": 30,
}
response = requests.post(
    f"{os.environ['BASE_URL']}/image/generate", headers=headers, json=payload, timeout=60
)
picture = response.json()["images"][0]
Path("output.png").write_bytes(base64.b64decode(picture))
