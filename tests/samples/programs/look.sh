#!/bin/sh
# Asks what is to be seen in image.jpg. GNU's base64 breaks its lines, that of macOS does not.
IMAGE_B64=$(base64 -i image.jpg)

curl -X POST "$BASE_URL/chat/completions" \
  -H "Authorization: Bearer $API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "gemini-3-pro-preview",
    "messages": [
      {
        "role": "user",
        "content": [
          {"type": "text", "text": "What do you see?"},
          {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,'"$IMAGE_B64"'"}}
        ]
      }
    ]
  }'
