// The text of the profile file: the original's, with members of ours beside.
package profile

import (
	"errors"
	"fmt"
	"slices"

	"mcp-auth/core/message"
)

// Version of the file that is written. Files without one are the original's.
const Version = 1

// MaxFile is the longest file that is read, in bytes.
const MaxFile = 8 << 20

// Value is the profile as it stands in the file.
func (p Profile) Value() message.Value {
	var m []message.Member
	for _, f := range p.fields() {
		if v := f.value(); !f.ours || v.Kind() != message.Null {
			m = append(m, message.M(f.name, v))
		}
	}
	return message.Obj(append(m, p.Unknown...)...)
}

// Format writes a store.
func Format(s Store) []byte {
	profiles := make([]message.Value, len(s.Profiles))
	for i, p := range s.Profiles {
		profiles[i] = p.Value()
	}
	active := make([]message.Member, len(s.Active))
	for i, a := range s.Active {
		active[i] = message.M(a.ResourceURL, message.Str(a.ProfileID))
	}
	m := []message.Member{message.M("active_profiles", message.Obj(active...)), message.M("profiles", message.Arr(profiles...)),
		message.M("version", message.Num(Version))}
	return append(message.Obj(append(m, s.Unknown...)...).AppendSorted(nil, 2), '\n')
}

// Parse reads a store. Members it does not know are kept.
func Parse(data []byte) (Store, error) {
	var s Store
	if len(data) > MaxFile {
		return s, errors.New("the file is longer than 8 MiB")
	}
	v, err := message.ParseJSON(data)
	if err != nil {
		return s, err
	}
	if v.Kind() != message.Object {
		return s, errors.New("an object is wanted, not " + v.Kind().String())
	}
	if version, ok := v.Get("version").Int(); v.Get("version").Kind() != message.Missing && (!ok || version > Version) {
		return s, errors.New("the file was written by a later version of mcp-auth; update, or use another --cli-home")
	}
	for _, m := range v.Members() {
		switch m.Name {
		case "version":
		case "profiles":
			err = s.readProfiles(m.Value)
		case "active_profiles":
			err = s.readActive(m.Value)
		default:
			s.Unknown = append(s.Unknown, m)
		}
		if err != nil {
			return Store{}, err
		}
	}
	return s, nil
}

func (s *Store) readProfiles(v message.Value) error {
	if v.Kind() != message.Array {
		return errors.New("profiles must be an array, not " + v.Kind().String())
	}
	for i, e := range v.Elems() {
		p, err := readProfile(e)
		if err != nil {
			return fmt.Errorf("profile %d: %w", i+1, err)
		}
		if slices.ContainsFunc(s.Profiles, func(o Profile) bool { return o.ID == p.ID }) {
			return fmt.Errorf("profile %d: its profile_id is taken by an earlier one", i+1)
		}
		s.Profiles = append(s.Profiles, p)
	}
	return nil
}

func readProfile(v message.Value) (Profile, error) {
	var p Profile
	if v.Kind() != message.Object {
		return p, errors.New("an object is wanted, not " + v.Kind().String())
	}
	fields := p.fields()
	for _, m := range v.Members() {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == m.Name })
		if i < 0 {
			p.Unknown = append(p.Unknown, m)
			continue
		}
		if err := fields[i].read(m.Value); err != nil {
			return p, err
		}
	}
	if p.ID == "" || p.ResourceURL == "" {
		return p, errors.New("profile_id and resource_url are needed")
	}
	return p, nil
}

func (s *Store) readActive(v message.Value) error {
	if v.Kind() != message.Object {
		return errors.New("active_profiles must be an object, not " + v.Kind().String())
	}
	for _, m := range v.Members() {
		id, ok := m.Value.Text()
		if !ok {
			return errors.New("active_profiles must map URLs to profile ids")
		}
		s.Active = append(s.Active, Active{m.Name, id})
	}
	return nil
}
