//go:build page

package table

// inMemory keeps records as bytes, as hosts with a store do: one table's code
// serves all kinds of them, and the page's download is smaller for it.
func inMemory[R any](max int, c Codec[R]) Table[R] {
	return &Stored[R]{NewMemory[[]byte](max), c}
}

func inMemoryWeighed[R any](max int, most int64, c Codec[R]) Table[R] {
	return &Stored[R]{NewWeighed(max, most, func(b []byte) int64 { return int64(len(b)) }), c}
}
