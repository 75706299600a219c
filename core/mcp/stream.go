// text/event-stream as MCP uses it: replies among other messages, and where to
// go on after a stream that ended early (HTML, server-sent events; MCP
// transports, resumability).
package mcp

import (
	"strconv"
	"strings"
	"time"

	"mcp-auth/core/message"
)

// StreamType is the media type of a stream.
const StreamType = "text/event-stream"

// Bounds of the time that a server may ask to be left alone.
const (
	defaultRetry = time.Second
	longestRetry = 30 * time.Second
)

// A Stream is what was read of one.
type Stream struct {
	Events []string      // the data of each
	LastID string        // of the last event that had one; to be sent as Last-Event-ID
	Retry  time.Duration // to wait before going on
}

// ReadStream reads what has come of a stream. The last event needs no empty
// line behind it.
func ReadStream(body []byte) Stream {
	text := strings.ReplaceAll(strings.ReplaceAll(string(body), "\r\n", "\n"), "\r", "\n")
	s := Stream{Retry: defaultRetry}
	var data []string
	flush := func() {
		if len(data) > 0 {
			s.Events = append(s.Events, strings.Join(data, "\n"))
		}
		data = nil
	}
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			flush()
		case name == "data":
			data = append(data, value)
		case name == "id" && len(value) <= maxID && message.PrintableLine(value) == value:
			s.LastID = value
		case name == "retry":
			if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
				s.Retry = min(time.Duration(ms)*time.Millisecond, longestRetry)
			}
		}
	}
	flush()
	return s
}

// Replied reports whether the reply to id has come: then no more of the stream
// is wanted.
func Replied(body []byte, id message.Value) bool {
	for _, e := range ReadStream(body).Events {
		if v, err := message.ParseJSON([]byte(e)); err == nil && v.Get("method").Kind() == message.Missing && replyFault(v, id) == "" {
			return true
		}
	}
	return false
}

// Resume asks for the rest of a stream (MCP transports, resumability).
func Resume(url, lastID string) message.Request {
	return message.Request{Method: "GET", URL: url, Header: message.Header{{Name: "Accept", Value: StreamType}, {Name: "Last-Event-ID", Value: lastID}}}
}
