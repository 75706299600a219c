// Why a message could not be sent from a page, as far as that can be found out.
package explain

import "strings"

// Troubles are the ids of the causes that a page can tell apart.
var Troubles = []string{"offline", "mixed", "denied", "prompt", "nobody", "cors", "timeout", "redirect", "long"}

// Trouble names a cause: server is the origin that was called, page the
// caller's. An id that is none is shown as it came.
func Trouble(id, server, page string) string {
	text := Text("trouble." + id)
	if text == "" {
		return id
	}
	return strings.NewReplacer("{server}", server, "{page}", page).Replace(text)
}
