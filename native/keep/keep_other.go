//go:build !unix

// Elsewhere the directory's own rules hold: a user's profile directory on
// Windows is private to the user.
package keep

import "io/fs"

const (
	modes    = false
	noFollow = 0
	noWait   = 0
)

func owned(fs.FileInfo, string) error { return nil }

func syncDirectory(string) error { return nil }
