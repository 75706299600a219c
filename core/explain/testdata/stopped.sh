# 1: 'POST /mcp/oauth initialize'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcp-auth","version":"1"}}}' \
  'http://127.0.0.1:8765/mcp/oauth'

# 3: 'GET /.well-known/oauth-protected-resource/mcp/oauth'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-protected-resource/mcp/oauth'

# 5: 'GET /.well-known/oauth-authorization-server'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-authorization-server'

# 7: 'POST /oauth/register'
curl -i -g -X POST \
  -H 'Accept: application/json' \
  -H 'Content-Type: application/json' \
  --data-raw '{"client_name":"Flow visualizer","redirect_uris":["http://127.0.0.1:7777/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none","application_type":"native"}' \
  'http://127.0.0.1:8765/oauth/register'

