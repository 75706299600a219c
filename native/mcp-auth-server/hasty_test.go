// The control of R-17: a database that answers before it commits.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"mcp-auth/core/rows"
	"mcp-auth/core/table"
)

// hastyServer is the program over such a database.
func hastyServer() {
	set, err := parse(os.Args[1:])
	if err == nil {
		var db *hasty
		if db, err = openHasty(strings.TrimPrefix(set.store, sqliteStore)); err == nil {
			kept := store{storage: func(prefix string) table.Opener { return rows.Opener(db, prefix) }, sweep: func(time.Time) {}, close: db.db.Close}
			err = serve(context.Background(), set, kept, os.Stdout, os.Stderr)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A hasty database keeps one transaction open and commits it now and then.
type hasty struct {
	mu sync.Mutex
	db *sql.DB
	tx *sql.Tx
}

func openHasty(path string) (*hasty, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	h := &hasty{db: db}
	if err := rows.Migrate(h); err != nil {
		return nil, err
	}
	go func() {
		for range time.Tick(20 * time.Millisecond) {
			h.commit()
		}
	}()
	return h, nil
}

func (h *hasty) commit() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tx != nil {
		_ = h.tx.Commit()
		h.tx = nil
	}
}

// Exec implements rows.Database, all but its promise.
func (h *hasty) Exec(statement string, args ...any) (all [][]any, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tx == nil {
		if h.tx, err = h.db.Begin(); err != nil {
			return nil, err
		}
	}
	found, err := h.tx.Query(statement, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	for found.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := found.Scan(to...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, found.Err()
}
