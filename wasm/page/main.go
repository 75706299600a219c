//go:build js && wasm

// The bridge between the page and the core: a few calls that return JSON. It
// converts and performs; what happens is decided in core/stage.
package main

import (
	"strings"
	"syscall/js"

	"mcp-auth/core/flowtest"
	"mcp-auth/core/message"
	"mcp-auth/core/stage"
)

func main() {
	b := &bridge{}
	calls := map[string]func([]js.Value) message.Value{
		"menu": func([]js.Value) message.Value { return stage.Menu() },
		"new":  b.begin, "move": b.move, "back": b.back, "row": b.row,
		"load": b.load, "export": b.export, "pending": b.pending, "deliver": b.deliver,
		"scripts": scripts, "script": script,
	}
	core := js.Global().Get("Object").New()
	for name, call := range calls {
		core.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return string(call(args).Append(nil)) }))
	}
	js.Global().Set("core", core)
	select {}
}

// keyed are the scripts in which somebody signs; there are no keys in the page
// (core/jose, tag page), so they are not played there.
const keyed = " dpop.txtar enterprise.txtar key.txtar workload.txtar "

// scripts lists the flow scripts of the core that can be played.
func scripts([]js.Value) message.Value {
	files, _ := flowtest.Scripts.ReadDir("testdata")
	var all []string
	for _, f := range files {
		if !strings.Contains(keyed, " "+f.Name()+" ") {
			all = append(all, f.Name())
		}
	}
	return message.Strs(all)
}

// script plays one of them and says what differs from what must happen.
func script(args []js.Value) message.Value {
	text, err := flowtest.Scripts.ReadFile("testdata/" + args[0].String())
	if err != nil {
		return fault(err)
	}
	parsed := flowtest.ParseScript(string(text))
	got, err := flowtest.Run(parsed, flowtest.InProcess)
	if err != nil {
		return fault(err)
	}
	return message.Obj(message.M("steps", message.Num(int64(len(parsed.Steps)))), message.M("story", message.Str(parsed.Story)),
		message.M("difference", message.Str(flowtest.Diff(string(text), got.Format()))))
}

func fault(err error) message.Value {
	return message.Obj(message.M("error", message.Str(err.Error())))
}
