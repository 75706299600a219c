// Where the state is kept: in memory, or in a file that outlives the process.
package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mcp-auth/core/rows"
	"mcp-auth/core/table"
	"mcp-auth/native/sqlite"
)

const (
	memoryStore = "memory"
	sqliteStore = "sqlite:" // the name of the file follows
)

// checkStore says whether a store can be meant.
func checkStore(name string) error {
	if file, ok := strings.CutPrefix(name, sqliteStore); name == memoryStore || ok && file != "" {
		return nil
	}
	return fmt.Errorf("--store %q: wanted memory, or sqlite: and the name of a file, such as sqlite:state.db", name)
}

// A store is where the records of all issuers are kept. The zero one is memory.
type store struct {
	storage func(prefix string) table.Opener
	sweep   func(now time.Time) // drops what no server sweeps any more
	close   func() error
}

// orphans is how often the records are swept of issuers that are gone.
const orphans = time.Hour

// openStore opens the store of a name that was checked.
func openStore(name string) (store, error) {
	file, ok := strings.CutPrefix(name, sqliteStore)
	if !ok {
		return store{sweep: func(time.Time) {}, close: func() error { return nil }}, nil
	}
	db, err := sqlite.Open(file)
	if err != nil {
		return store{}, fmt.Errorf("--store: %w", err)
	}
	if err := rows.Migrate(db); err != nil {
		return store{}, errors.Join(fmt.Errorf("--store: %s: %w", file, err), db.Close())
	}
	var swept time.Time
	return store{storage: func(prefix string) table.Opener { return rows.Opener(db, prefix) }, close: db.Close,
		sweep: func(now time.Time) {
			if now.Sub(swept) >= orphans {
				swept = now
				rows.Sweep(db, now)
			}
		}}, nil
}

// outlives is what the greeting says of it.
func outlives(name string) string {
	if file, ok := strings.CutPrefix(name, sqliteStore); ok {
		return "State is in " + file + " and outlives the process."
	}
	return "State is in memory and ends with the process."
}
