// The tools of the test server, each with the scope that it needs.
package resource

import (
	"errors"
	"strings"
	"time"

	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
	"mcp-auth/core/oauth"
	"mcp-auth/core/table"
)

// Tools returns the tools over one notebook. Notes belong to the resource,
// not to a subject: what one client writes another can read or delete.
func Tools(n Notebook) []mcp.Tool {
	return []mcp.Tool{
		{Name: "ping", Scope: oauth.ScopeRead, Description: "Answers pong: the token works.",
			Do: func(mcp.Call) (message.Value, error) {
				return message.Obj(message.M("pong", message.Boolean(true))), nil
			}},
		{Name: "echo", Scope: oauth.ScopeRead, Description: "Returns its arguments, the message in upper case when asked.", Do: echo,
			Params: []mcp.Param{
				{Name: "message", Kind: message.String, Required: true, About: "The text to return."},
				{Name: "count", Kind: message.Number, Header: "Count", About: "Any integer; it is returned as it is."},
				{Name: "uppercase", Kind: message.Bool, About: "Return the message in upper case."}}},
		{Name: "whoami", Scope: oauth.ScopeRead, Description: "Says what the access token stands for: subject, client, scopes, audience, expiry.", Do: whoami},
		{Name: "read_note", Scope: oauth.ScopeRead, Description: "Reads a note, or lists their names when none is given.", Do: n.read,
			Params: []mcp.Param{{Name: "name", Kind: message.String, Max: 64, About: "The note's name."}}},
		{Name: "write_note", Scope: oauth.ScopeWrite, Description: "Writes a note. Needs mcp:write.", Do: n.write,
			Params: []mcp.Param{
				{Name: "name", Kind: message.String, Required: true, Max: 64, About: "The note's name."},
				{Name: "content", Kind: message.String, Required: true, Max: 1000, About: "The note's text."}}},
		{Name: "delete_notes", Scope: oauth.ScopeAdmin, Description: "Deletes every note of this resource. Needs mcp:admin.", Do: n.deleteAll},
	}
}

func echo(c mcp.Call) (message.Value, error) {
	text := c.Arguments.Text("message")
	if c.Arguments.Truth("uppercase") {
		text = strings.ToUpper(text)
	}
	members := []message.Member{message.M("message", message.Str(text))}
	for _, name := range [...]string{"count", "uppercase"} {
		if v := c.Arguments.Value(name); v.Kind() != message.Missing {
			members = append(members, message.M(name, v))
		}
	}
	return message.Obj(members...), nil
}

func whoami(c mcp.Call) (message.Value, error) {
	expires := message.NullValue()
	if !c.ExpiresAt.IsZero() {
		expires = message.Str(message.Moment(c.ExpiresAt.Truncate(time.Second)))
	}
	return message.Obj(
		message.M("subject", message.Str(c.Subject)),
		message.M("client_id", message.Str(c.ClientID)),
		message.M("scopes", message.Strs(strings.Fields(c.Scope))),
		message.M("audience", message.Str(c.Audience)),
		message.M("expires_at", expires)), nil
}

// A Note is one note.
type Note struct{ Name, Content string }

// NotesCodec is how the notes of one resource are bytes.
var NotesCodec = table.Codec[[]Note]{Version: 1,
	Write: func(w *table.Writer, all []Note) {
		w.Uint(uint64(len(all)))
		for _, n := range all {
			w.Text(n.Name)
			w.Text(n.Content)
		}
	},
	Read: func(r *table.Reader, _ byte) (all []Note) {
		for range r.Count() {
			all = append(all, Note{Name: r.Text(), Content: r.Text()})
		}
		return all
	}}

// A Notebook keeps the notes of one resource as one record, replaced whole.
type Notebook struct {
	Key   table.Key
	Notes table.Table[[]Note]
	Max   int           // notes
	Life  time.Duration // after the last write
}

func (n Notebook) read(c mcp.Call) (message.Value, error) {
	r, err := n.Notes.Get(c.Now, n.Key)
	if err != nil && !errors.Is(err, table.ErrMissing) {
		return message.Value{}, errStorage
	}
	name := c.Arguments.Text("name")
	names := []string{}
	for _, note := range r.Value {
		if note.Name == name {
			return message.Obj(message.M("name", message.Str(name)), message.M("content", message.Str(note.Content))), nil
		}
		names = append(names, note.Name)
	}
	if name == "" {
		return message.Obj(message.M("notes", message.Strs(names))), nil
	}
	return message.Value{}, errors.New("no note has this name; call read_note without a name for a list")
}

var errStorage = errors.New("the storage failed; call again")

func (n Notebook) write(c mcp.Call) (message.Value, error) {
	note := Note{c.Arguments.Text("name"), c.Arguments.Text("content")}
	if note.Name == "" {
		return message.Value{}, errors.New("name must not be empty")
	}
	err := n.replace(c.Now, func(old []Note) ([]Note, error) {
		all := []Note{note}
		for _, o := range old {
			if o.Name != note.Name {
				all = append(all, o)
			}
		}
		if len(all) > n.Max {
			return nil, errors.New("the notebook is full; delete_notes empties it")
		}
		return all, nil
	})
	if err != nil {
		return message.Value{}, err
	}
	return message.Obj(message.M("name", message.Str(note.Name)), message.M("characters", message.Num(int64(len([]rune(note.Content)))))), nil
}

func (n Notebook) deleteAll(c mcp.Call) (message.Value, error) {
	deleted := 0
	err := n.replace(c.Now, func(old []Note) ([]Note, error) {
		deleted = len(old)
		return nil, nil
	})
	return message.Obj(message.M("deleted", message.Num(int64(deleted)))), err
}

// replace commits a change; whoever loses a race changes the newer state.
func (n Notebook) replace(now time.Time, change func([]Note) ([]Note, error)) error {
	for range 100 {
		read, err := n.Notes.Get(now, n.Key)
		missing := errors.Is(err, table.ErrMissing)
		if err != nil && !missing {
			return errStorage
		}
		next, err := change(read.Value)
		if err != nil {
			return err
		}
		if missing {
			err = n.Notes.Create(now, n.Key, next, now.Add(n.Life))
		} else {
			err = n.Notes.Swap(now, n.Key, read, next, now.Add(n.Life))
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, table.ErrMoved) && !errors.Is(err, table.ErrExists) {
			return errStorage
		}
	}
	return errStorage
}
