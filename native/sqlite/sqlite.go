// Package sqlite is a database in a file, for core/rows: the state of a server
// that outlives its process.
//
// What Exec has answered is on the disk: it survives a kill of the process and
// a loss of power. So nothing that was consumed comes back, ever.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite", pure Go
)

// A File is an open database. It is safe for concurrent use: reads beside each
// other and beside the one writer.
type File struct {
	path   string
	lock   *os.File
	write  *writer
	read   *sql.DB
	cached sync.Map // statement to *sql.Stmt
}

// application marks the file as ours, where SQLite has a place for that.
const application = 0x4d435041 // "MCPA"

// pragmas of every connection. In WAL mode with synchronous=FULL a commit is
// on the disk before it is answered; fullfsync is the same for macOS, whose
// fsync does not reach the disk. The schema's own code is not trusted.
var pragmas = []string{"busy_timeout(5000)", "synchronous(FULL)", "fullfsync(1)", "trusted_schema(0)", "temp_store(MEMORY)", "cache_size(-16000)"}

// Open opens the file, and makes it where there is none. It refuses, and leaves
// untouched, what is no database, what is another program's, and what another
// process has open.
func Open(path string) (*File, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if err := check(path); err != nil {
		return nil, err
	}
	f := &File{path: path}
	if f.lock, err = lock(path); err != nil {
		return nil, err
	}
	if err := f.open(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *File) open() (err error) {
	if err := f.prepare(); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if f.write, err = newWriter(f.pool(1, "rwc")); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	f.read = f.pool(max(2, runtime.NumCPU()), "ro", "query_only(1)")
	return nil
}

// prepare makes an empty file a database of ours, in WAL mode. The mark comes
// first, so that no kill leaves a database of ours without it.
func (f *File) prepare() error {
	if err := errors.Join(check(f.path), private(f.path)); err != nil { // now that nobody else can change it
		return err
	}
	db := f.pool(1, "rwc")
	defer db.Close()
	var id int64
	if err := db.QueryRow("PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if id == 0 {
		if _, err := db.Exec(fmt.Sprintf("PRAGMA application_id = %d", application)); err != nil {
			return err
		}
	}
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return errors.New("the file system has no shared memory for a write-ahead log: keep the file on a local disk")
	}
	return nil
}

// pool is a set of at most n connections.
func (f *File) pool(n int, mode string, more ...string) *sql.DB {
	q := url.Values{"mode": {mode}, "_pragma": append(more, pragmas...)}
	name := url.URL{Scheme: "file", OmitHost: true, Path: uriPath(f.path), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		panic("sqlite: the driver is linked: " + err.Error())
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db
}

// Exec implements rows.Database. Who changes something waits until it is on
// the disk.
func (f *File) Exec(statement string, args ...any) ([][]any, error) {
	if !strings.HasPrefix(statement, "SELECT ") {
		return f.write.exec(statement, args)
	}
	s, ok := f.cached.Load(statement)
	if !ok {
		prepared, err := f.read.Prepare(statement)
		if err != nil {
			return nil, err
		}
		var kept bool
		if s, kept = f.cached.LoadOrStore(statement, prepared); kept {
			_ = prepared.Close()
		}
	}
	return query(s.(*sql.Stmt), args)
}

// query runs a statement to its end.
func query(s *sql.Stmt, args []any) (all [][]any, err error) {
	found, err := s.QueryContext(context.Background(), args...)
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
	return all, errors.Join(found.Err(), found.Close())
}

// Close waits for what is being written, moves the log into the file and lets
// go of it. Exec fails from then on.
func (f *File) Close() error {
	var err error
	if f.read != nil {
		err = f.read.Close()
	}
	if f.write != nil {
		err = errors.Join(err, f.write.close())
	}
	return errors.Join(err, f.lock.Close())
}
