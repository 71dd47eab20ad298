#!/bin/sh
# Lists the models that make pictures.
curl "$BASE_URL/models?type=image" \
  -H "Authorization: Bearer $API_KEY"
