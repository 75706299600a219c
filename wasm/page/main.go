//go:build js && wasm

// The bridge between the page and the core: a few calls that return JSON. It
// converts and performs; what happens is decided in core/stage.
package main

import (
	"syscall/js"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/lines"
	"mcp-auth/core/message"
	"mcp-auth/core/stage"
)

func main() {
	b := &bridge{}
	calls := map[string]func([]js.Value) message.Value{
		"menu": func([]js.Value) message.Value { return stage.Menu() },
		"new":  b.begin, "move": b.move, "back": b.back, "row": b.row,
		"load": b.load, "export": b.export, "pending": b.pending, "deliver": b.deliver,
		"script": script,
	}
	core := js.Global().Get("Object").New()
	for name, call := range calls {
		core.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return string(call(args).Append(nil)) }))
	}
	js.Global().Set("core", core)
	select {}
}

// script plays a flow script, given as text, and says what differs from what
// must happen. The texts are a file beside the core: who does not ask for them
// does not download them.
func script(args []js.Value) message.Value {
	text := args[0].String()
	parsed := flowtest.ParseScript(text)
	got, err := flowtest.Run(parsed, flowtest.InProcess)
	if err != nil {
		return fault(err)
	}
	return message.Obj(message.M("steps", message.Num(int64(len(parsed.Steps)))), message.M("story", message.Str(parsed.Story)),
		message.M("difference", message.Str(lines.Diff(text, got.Format()))))
}

func fault(err error) message.Value {
	return message.Obj(message.M("error", message.Str(err.Error())))
}
