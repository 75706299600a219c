// Flow scripts: txtar text whose comment is the story, whose section names
// are commands, and whose bodies say what happened.
package flowtest

import (
	"errors"
	"strings"
)

// A Script is a parsed script.
type Script struct {
	Story string
	Steps []Step
}

// A Step is one command with what is expected to happen.
type Step struct{ Command, Body string }

// ParseScript reads the txtar form.
func ParseScript(text string) Script {
	var s Script
	var b strings.Builder
	flush := func() {
		if len(s.Steps) == 0 {
			s.Story = b.String()
		} else {
			s.Steps[len(s.Steps)-1].Body = b.String()
		}
		b.Reset()
	}
	for line := range strings.SplitAfterSeq(text, "\n") {
		name, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "-- ")
		if name, closed := strings.CutSuffix(name, " --"); ok && closed {
			flush()
			s.Steps = append(s.Steps, Step{Command: name})
			continue
		}
		b.WriteString(line)
	}
	flush()
	return s
}

// Format writes a script.
func (s Script) Format() string {
	var b strings.Builder
	b.WriteString(s.Story)
	for _, st := range s.Steps {
		b.WriteString("-- " + st.Command + " --\n" + st.Body)
	}
	return b.String()
}

// Run plays a script in a world of its own and returns it with the bodies
// that really happened.
func Run(s Script, serve func(*World) Transport) (Script, error) {
	out := Script{Story: s.Story}
	w := NewWorld()
	w.connect = serve
	for _, st := range s.Steps {
		body, err := w.Do(st.Command)
		if err != nil {
			return out, errors.New(st.Command + ": " + err.Error())
		}
		out.Steps = append(out.Steps, Step{st.Command, body})
	}
	return out, nil
}
