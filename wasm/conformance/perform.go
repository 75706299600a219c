//go:build js && wasm

// Performing effects: fetch for exchanges, and fetch again for the browser,
// whose redirects are read instead of followed.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall/js"
	"time"

	"mcp-auth/core/flow"
	"mcp-auth/core/message"
	"mcp-auth/core/trace"
)

var labels = trace.NewRedactor()

// run runs a flow to its end, and tells what happens.
func run(f flow.Flow) error {
	var ev flow.Event = flow.Start{}
	told := 0
	for {
		effects, err := f.Step(time.Now(), ev)
		for _, e := range f.Trace()[told:] {
			fmt.Fprint(os.Stderr, trace.Text(labels.Event(e), false))
			told++
		}
		if err != nil {
			return err
		}
		var ended bool
		if ev, ended, err = perform(effects); ended || err != nil {
			return err
		}
	}
}

// perform does what a step orders, and says what came of it.
func perform(effects []flow.Effect) (ev flow.Event, ended bool, err error) {
	var until time.Time
	for _, e := range effects {
		switch e := e.(type) {
		case flow.Send:
			ev = send(e.Request)
		case flow.Visit:
			if ev, err = browse(e.URL); err != nil {
				return nil, true, err
			}
		case flow.Wait:
			until = e.Until
		case flow.Done:
			return nil, true, nil
		case flow.Fail:
			return nil, true, e.Err
		}
	}
	switch {
	case ev != nil:
		return ev, false, nil
	case until.IsZero():
		return nil, true, errors.New("the flow waits for somebody, and the browser has said all it had to say")
	}
	time.Sleep(time.Until(until))
	return flow.Timer{}, false, nil
}

func send(m message.Request) flow.Event {
	r, err := fetch(m)
	if err != nil {
		return flow.Trouble{Err: err}
	}
	return flow.Response{Response: r}
}

// mostRedirects is how many the browser follows before it gives up.
const mostRedirects = 5

// browse follows redirects until one leads to our redirect URI, and brings
// that one back. Whether it is ours to take is for the machine to say.
func browse(url string) (flow.Event, error) {
	for range mostRedirects {
		r, err := fetch(message.Get(url))
		if err != nil {
			return nil, err
		}
		if url = r.Header.Get("Location"); url == "" {
			return nil, fmt.Errorf("the browser stays on a page with status %d", r.Status)
		}
		if strings.HasPrefix(url, redirectURI) {
			return flow.Callback{Request: message.Get(url)}, nil
		}
	}
	return nil, errors.New("the browser was redirected too often")
}

// fetch performs one exchange in JavaScript: it hands over a JSON text and
// gets one back (client.mjs).
func fetch(m message.Request) (message.Response, error) {
	var header []message.Value
	for _, f := range m.Header {
		header = append(header, message.Strs([]string{f.Name, f.Value}))
	}
	order := message.Obj(message.M("method", message.Str(m.Method)), message.M("url", message.Str(m.URL)),
		message.M("header", message.Arr(header...)), message.M("body", message.Str(string(m.Body))))
	text, err := await(js.Global().Call("perform", string(order.Append(nil))))
	if err != nil {
		return message.Response{}, err
	}
	v, err := message.ParseJSON([]byte(text))
	if err != nil {
		return message.Response{}, err
	}
	status, _ := v.Get("status").Int()
	body, _ := v.Get("body").Text()
	r := message.Response{Status: int(status), Body: []byte(body)}
	for _, pair := range v.Get("header").Elems() {
		name, _ := pair.Elems()[0].Text()
		value, _ := pair.Elems()[1].Text()
		r.Header = append(r.Header, message.Field{Name: name, Value: value})
	}
	return r, nil
}

// await waits for a promise of a string.
func await(promise js.Value) (string, error) {
	type outcome struct {
		text string
		err  error
	}
	done := make(chan outcome, 1)
	kept := js.FuncOf(func(_ js.Value, args []js.Value) any { done <- outcome{text: args[0].String()}; return nil })
	broken := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- outcome{err: errors.New(args[0].Get("message").String())}
		return nil
	})
	defer kept.Release()
	defer broken.Release()
	promise.Call("then", kept, broken)
	o := <-done
	return o.text, o.err
}
