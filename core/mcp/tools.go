// Tools: what they take, how that is checked, what they answer.
package mcp

import (
	"strconv"
	"time"

	"mcp-auth/core/message"
)

// A Call is who calls, and when.
type Call struct {
	Now       time.Time
	Subject   string
	ClientID  string
	Scope     string
	Audience  string
	ExpiresAt time.Time // zero: never
	Arguments Arguments // of tools/call, checked against the tool's parameters
}

// A Tool is one tool. Its schema is made of its parameters, and so is the
// check of the arguments.
type Tool struct {
	Name        string
	Description string
	Scope       string // the scope value a token needs to call it
	Params      []Param
	Do          func(Call) (message.Value, error) // an error is told as isError
}

// A Param is one member of a tool's arguments.
type Param struct {
	Name     string
	Kind     message.Kind // String, Number (an integer) or Bool
	Required bool
	Max      int // String: most characters; 0: no bound but the body's
	About    string
	Header   string // the Mcp-Param field that repeats it on the stateless wire; empty: none
}

// Arguments are the members that were sent.
type Arguments struct{ value message.Value }

// Text returns a string argument, "" when absent.
func (a Arguments) Text(name string) string { s, _ := a.value.Get(name).Text(); return s }

// Truth returns a boolean argument, false when absent.
func (a Arguments) Truth(name string) bool { b, _ := a.value.Get(name).Bool(); return b }

// Value returns an argument as it was sent.
func (a Arguments) Value(name string) message.Value { return a.value.Get(name) }

// Tool finds a tool.
func (s *Server) Tool(name string) (*Tool, bool) {
	for i := range s.Tools {
		if s.Tools[i].Name == name {
			return &s.Tools[i], true
		}
	}
	return nil, false
}

// Needs is the scope value that a message needs beyond the resource's own:
// that of the tool it calls, or "".
func (s *Server) Needs(m Message) string {
	if m.Method != "tools/call" {
		return ""
	}
	name, _ := m.Params.Get("name").Text()
	if t, ok := s.Tool(name); ok {
		return t.Scope
	}
	return ""
}

func (s *Server) listTools(params message.Value) (result, *Error) {
	if params.Get("cursor").Kind() != message.Missing {
		return result{}, invalidParams("cursor is not one of ours: the list has one page")
	}
	all := make([]message.Value, len(s.Tools))
	for i, t := range s.Tools {
		all[i] = message.Obj(message.M("name", message.Str(t.Name)), message.M("description", message.Str(t.Description)),
			message.M("inputSchema", t.schema()))
	}
	return with(message.M("tools", message.Arr(all...))), nil
}

var schemaTypes = map[message.Kind]string{message.String: "string", message.Number: "integer", message.Bool: "boolean"}

// schema is JSON Schema 2020-12, the dialect MCP assumes.
func (t Tool) schema() message.Value {
	var properties []message.Member
	var required []string
	for _, p := range t.Params {
		m := []message.Member{message.M("type", message.Str(schemaTypes[p.Kind])), message.M("description", message.Str(p.About))}
		if p.Max > 0 {
			m = append(m, message.M("maxLength", message.Num(int64(p.Max))))
		}
		if p.Header != "" {
			m = append(m, message.M("x-mcp-header", message.Str(p.Header)))
		}
		properties = append(properties, message.M(p.Name, message.Obj(m...)))
		if p.Required {
			required = append(required, p.Name)
		}
	}
	schema := []message.Member{message.M("type", message.Str("object")), message.M("properties", message.Obj(properties...))}
	if len(required) > 0 {
		schema = append(schema, message.M("required", message.Strs(required)))
	}
	return message.Obj(append(schema, message.M("additionalProperties", message.Boolean(false)))...)
}

func (s *Server) callTool(c Call, params message.Value, version string) (result, *Error) {
	name, ok := params.Get("name").Text()
	if !ok {
		return result{}, invalidParams("name must be the name of a tool; tools/list has them")
	}
	t, ok := s.Tool(name)
	if !ok {
		return result{}, invalidParams("no such tool; tools/list has them")
	}
	arguments := params.Get("arguments")
	if k := arguments.Kind(); k != message.Object && k != message.Missing {
		return result{}, invalidParams("arguments must be an object, not " + k.String())
	}
	switch fault := t.check(arguments); {
	case fault != "" && toldByTool(version):
		return result{tool: &said{text: fault, failed: true}}, nil
	case fault != "":
		return result{}, invalidParams(fault)
	}
	c.Arguments = Arguments{arguments}
	structured, err := t.Do(c)
	if err != nil {
		return result{tool: &said{text: err.Error(), failed: true}}, nil
	}
	return result{tool: &said{text: string(structured.Append(make([]byte, 0, 128))), structured: structured.Kind() == message.Object}}, nil
}

// toldByTool reports whether arguments that a tool does not take are told as
// its answer, which a model reads and mends (SEP-1303). Until 2025-06-18, and
// where no revision is named, they are an error of the protocol.
func toldByTool(version string) bool { return version == Newest || version == Stateless }

// check holds the arguments against the parameters.
func (t *Tool) check(arguments message.Value) string {
	for _, p := range t.Params {
		v := arguments.Get(p.Name)
		if v.Kind() == message.Missing {
			if p.Required {
				return p.Name + " is missing"
			}
			continue
		}
		if fault := p.check(v); fault != "" {
			return fault
		}
	}
	for _, m := range arguments.Members() {
		if !t.takes(m.Name) {
			return "arguments has a member that the tool does not take; its inputSchema lists them"
		}
	}
	return ""
}

func (p Param) check(v message.Value) string {
	if v.Kind() != p.Kind {
		return p.Name + " must be of type " + schemaTypes[p.Kind]
	}
	if _, ok := v.Int(); p.Kind == message.Number && !ok {
		return p.Name + " must be an integer"
	}
	if s, _ := v.Text(); p.Max > 0 && len([]rune(s)) > p.Max {
		return p.Name + " may have " + message.Decimal(int64(p.Max)) + " characters"
	}
	return ""
}

func (t *Tool) takes(name string) bool {
	for _, p := range t.Params {
		if p.Name == name {
			return true
		}
	}
	return false
}

// said is what a tool answered.
type said struct {
	text       string
	structured bool // text is JSON, an object
	failed     bool
}

// append writes the members of a CallToolResult. What is structured is there
// as text as well, for clients that know no structured content.
func (s *said) append(b []byte) []byte {
	b = append(b, `"content":[{"type":"text","text":`...)
	b = append(message.AppendString(b, s.text), '}', ']')
	if s.structured {
		b = append(append(b, `,"structuredContent":`...), s.text...)
	}
	return strconv.AppendBool(append(b, `,"isError":`...), s.failed)
}
