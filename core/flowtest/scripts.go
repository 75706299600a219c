// The scripts themselves, carried in the program.
package flowtest

import "embed"

// Scripts are the flow scripts: the same for every runtime.
//
//go:embed testdata/*.txtar
var Scripts embed.FS
