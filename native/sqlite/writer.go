// The one writer. Statements that come while another is being written are
// written together: one wait for the disk serves them all.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// together is how many statements one commit holds at most.
const together = 256

type writer struct {
	db     *sql.DB
	conn   *sql.Conn
	cached map[string]*sql.Stmt
	jobs   chan *job
	stop   chan struct{} // closed: no more jobs
	done   chan struct{} // closed: the last one is written
}

// A job is a statement, and what became of it once ready is closed.
type job struct {
	statement string
	args      []any
	rows      [][]any
	err       error
	ready     chan struct{}
}

var errClosed = errors.New("the database is closed")

func newWriter(db *sql.DB) (*writer, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	w := &writer{db: db, conn: conn, cached: map[string]*sql.Stmt{}, jobs: make(chan *job), stop: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w, nil
}

// exec returns once the statement is committed, or has changed nothing.
func (w *writer) exec(statement string, args []any) ([][]any, error) {
	j := &job{statement: statement, args: args, ready: make(chan struct{})}
	select {
	case w.jobs <- j:
		<-j.ready
		return j.rows, j.err
	case <-w.stop:
		return nil, errClosed
	}
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case j := <-w.jobs:
			w.settle(w.gather(j))
		case <-w.stop:
			return
		}
	}
}

// gather takes whoever waits as well.
func (w *writer) gather(first *job) []*job {
	all := []*job{first}
	for len(all) < together {
		select {
		case j := <-w.jobs:
			all = append(all, j)
		default:
			return all
		}
	}
	return all
}

// settle commits the statements in one transaction. If that fails it is undone,
// and each is tried alone: one that cannot be written must not fail others.
func (w *writer) settle(all []*job) {
	if err := w.commit(all); err != nil {
		for _, j := range all {
			if j.err = err; len(all) > 1 {
				j.err = w.commit([]*job{j})
			}
		}
	}
	for _, j := range all {
		close(j.ready)
	}
}

func (w *writer) commit(all []*job) error {
	if _, err := w.statement("BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	for _, j := range all {
		var err error
		if j.rows, err = w.statement(j.statement, j.args); err != nil {
			return w.undo(err)
		}
	}
	if _, err := w.statement("COMMIT", nil); err != nil {
		return w.undo(err)
	}
	return nil
}

// undo ends a transaction that failed. SQLite may have ended it already, and
// says so; that is no further failure.
func (w *writer) undo(err error) error {
	_, _ = w.statement("ROLLBACK", nil)
	return err
}

func (w *writer) statement(text string, args []any) ([][]any, error) {
	s := w.cached[text]
	if s == nil {
		var err error
		if s, err = w.conn.PrepareContext(context.Background(), text); err != nil {
			return nil, err
		}
		w.cached[text] = s
	}
	return query(s, args)
}

// close ends the writer after the last job, and its connection, which moves
// the log into the file.
func (w *writer) close() error {
	close(w.stop)
	<-w.done
	var err error
	for _, s := range w.cached {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, w.conn.Close(), w.db.Close())
}
