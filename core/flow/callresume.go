// A stream that ended before the reply came: the rest is asked for, after the
// time that the server wants to be left alone (MCP transports, resumability).
package flow

import (
	"mcp-auth/core/mcp"
	"mcp-auth/core/message"
)

// maxResumes is how often the rest of one answer is asked for.
const maxResumes = 5

// interruptedStream waits to go on after a stream without the reply; nil: it
// is none, or nothing says where to go on.
func (f *Call) interruptedStream(r message.Response) []Effect {
	if r.Status != 200 || f.Spoken == mcp.Stateless || message.MediaType(r.Header.Get("Content-Type")) != mcp.StreamType || mcp.Replied(r.Body, f.ID) {
		return nil
	}
	s := mcp.ReadStream(r.Body)
	if s.LastID == "" || f.resumed == maxResumes {
		return nil
	}
	f.lastID, f.retryAt = s.LastID, f.now.Add(s.Retry)
	f.resumed++
	f.state = AwaitingRetry
	f.note("the stream ended before the reply; going on after event "+message.PrintableLine(s.LastID), "MCP transports, resumability")
	return []Effect{Wait{f.retryAt}}
}

func (f *Call) resume(Event) []Effect {
	if f.now.Before(f.retryAt) {
		return []Effect{Wait{f.retryAt}}
	}
	return f.exchange(Resuming, f.ID, f.withSession(f.authorized(mcp.Resume(f.ResourceURL, f.lastID))))
}
