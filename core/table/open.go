//go:build !page

package table

// inMemory keeps records as they are: nothing is written and read back.
func inMemory[R any](max int, _ Codec[R]) Table[R] { return NewMemory[R](max) }

func inMemoryWeighed[R any](max int, most int64, c Codec[R]) Table[R] {
	return NewWeighed(max, most, func(value R) int64 { return int64(len(c.Encode(value))) })
}
