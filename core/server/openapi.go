// The route table as OpenAPI 3.1.
package server

import (
	"strings"

	"mcp-auth/core/authserver"
	"mcp-auth/core/message"
)

type member = message.Member

func (s *Server) openAPI() []byte {
	paths := map[string][]member{}
	var order []string
	for _, r := range s.routes {
		if paths[r.Path] == nil {
			order = append(order, r.Path)
			if strings.Contains(r.Path, tenant) {
				paths[r.Path] = []member{inPath("tenant")}
			}
		}
		paths[r.Path] = append(paths[r.Path], message.M(strings.ToLower(r.Method), operation(r)))
	}
	var all []member
	for _, p := range order {
		all = append(all, message.M(p, message.Obj(paths[p]...)))
	}
	return message.Obj(
		message.M("openapi", message.Str("3.1.0")),
		message.M("info", message.Obj(
			message.M("title", message.Str("mcp-auth test server")),
			message.M("version", message.Str(s.cfg.Version)),
			message.M("description", message.Str("A test authorization server and protected MCP resources.")))),
		message.M("servers", message.Arr(message.Obj(message.M("url", message.Str(s.cfg.Issuer))))),
		message.M("paths", message.Obj(all...)),
		message.M("components", message.Obj(message.M("securitySchemes", s.securitySchemes())))).AppendSorted(nil, 2)
}

func (s *Server) securitySchemes() message.Value {
	m := s.as.Metadata()
	scopes := message.Obj(message.M("mcp:read", message.Str("read")), message.M("mcp:write", message.Str("write")), message.M("mcp:admin", message.Str("administer")))
	return message.Obj(
		message.M("StaticBearer", message.Obj(message.M("type", message.Str("http")), message.M("scheme", message.Str("bearer")))),
		message.M("OAuth", message.Obj(message.M("type", message.Str("oauth2")), message.M("flows", message.Obj(
			message.M("authorizationCode", message.Obj(message.M("authorizationUrl", message.Str(m.AuthorizationEndpoint)),
				message.M("tokenUrl", message.Str(m.TokenEndpoint)), message.M("scopes", scopes))),
			message.M("clientCredentials", message.Obj(message.M("tokenUrl", message.Str(m.TokenEndpoint)), message.M("scopes", scopes))))))))
}

func operation(r Route) message.Value {
	m := []member{
		message.M("summary", message.Str(r.Summary)),
		message.M("tags", message.Strs([]string{r.Group})),
		message.M("operationId", message.Str(strings.ToLower(r.Method)+strings.NewReplacer("/", "_", ".", "_", "-", "_", "{", "", "}", "").Replace(r.Path))),
	}
	if r.Details != "" {
		m = append(m, message.M("description", message.Str(r.Details)))
	}
	if r.Body != "" {
		m = append(m, message.M("requestBody", message.Obj(message.M("required", message.Boolean(true)),
			message.M("content", message.Obj(message.M(r.Body, message.Obj(message.M("schema", schema(r.Fields)))))))))
	} else if r.Fields != "" {
		m = append(m, message.M("parameters", parameters(r.Fields)))
	}
	switch strings.TrimPrefix(r.Path, TenantPath+tenant) {
	case OAuthPath:
		m = append(m, security("OAuth"))
	case BearerPath:
		m = append(m, security("StaticBearer"))
	}
	return message.Obj(append(m, message.M("responses", responses(r)))...)
}

// inPath is the part of a path that a template leaves open.
func inPath(name string) member {
	return message.M("parameters", message.Arr(message.Obj(message.M("name", message.Str(name)), message.M("in", message.Str("path")),
		message.M("required", message.Boolean(true)), message.M("schema", message.Obj(message.M("type", message.Str("string")))))))
}

func security(scheme string) member {
	return message.M("security", message.Arr(message.Obj(message.M(scheme, message.Arr()))))
}

func schema(fields string) message.Value {
	var properties []member
	required := []string{}
	for _, f := range strings.Fields(fields) {
		name := strings.TrimSuffix(f, "*")
		properties = append(properties, message.M(name, message.Obj()))
		if name != f {
			required = append(required, name)
		}
	}
	return message.Obj(message.M("type", message.Str("object")), message.M("properties", message.Obj(properties...)), message.M("required", message.Strs(required)))
}

func parameters(fields string) message.Value {
	var all []message.Value
	for _, f := range strings.Fields(fields) {
		name := strings.TrimSuffix(f, "*")
		all = append(all, message.Obj(message.M("name", message.Str(name)), message.M("in", message.Str("query")),
			message.M("required", message.Boolean(name != f)), message.M("schema", message.Obj(message.M("type", message.Str("string"))))))
	}
	return message.Arr(all...)
}

func responses(r Route) message.Value {
	status := "200"
	switch {
	case r.Path == SandboxPath, strings.HasSuffix(r.Path, "/register"), strings.HasSuffix(r.Path, authserver.PushPath):
		status = "201"
	case r.Reply == "":
		status = "303"
	}
	ok := []member{message.M("description", message.Str("as the RFC says"))}
	if r.Reply != "" {
		ok = append(ok, message.M("content", message.Obj(message.M(r.Reply, message.Obj()))))
	}
	return message.Obj(message.M(status, message.Obj(ok...)),
		message.M("4XX", message.Obj(message.M("description", message.Str("an error document or page that says what to do")))))
}
