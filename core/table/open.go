//go:build !page

package table

// inMemory keeps records as they are: nothing is written and read back.
func inMemory[R any](max int, _ Codec[R]) Table[R] { return NewMemory[R](max) }
