package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"
)

// opened is a database with one table, a number for each name.
func opened(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Exec("CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, n INTEGER NOT NULL, b BLOB) WITHOUT ROWID"); err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	insert = "INSERT INTO numbers (name, n, b) VALUES (?, ?, ?) RETURNING n"
	read   = "SELECT name, n, b FROM numbers WHERE name = ?"
	count  = "SELECT COUNT(*) FROM numbers"
)

func TestWhatIsWrittenStays(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "a state?%41#.db") // a name is a name, not a URL
	f := opened(t, path)
	found, err := f.Exec(insert, "a", int64(7), []byte{0, 1})
	is.NoErr(err)                              // written
	is.Equal(found, [][]any{{int64(7)}})       // and answered
	_, err = f.Exec(insert, "a", int64(8), "") // the name is taken
	is.True(err != nil)                        // which is an error
	is.NoErr(f.Close())
	_, err = f.Exec(insert, "b", int64(8), []byte{})
	is.Equal(err, errClosed) // closed is closed
	_, err = f.Exec(read, "a")
	is.True(err != nil) // for readers too
	f = opened(t, path)
	found, err = f.Exec(read, "a")
	is.NoErr(err)
	is.Equal(found, [][]any{{"a", int64(7), []byte{0, 1}}}) // it is there, as it was, in the types of rows.Database
	found, err = f.Exec(read, "b")
	is.NoErr(err)
	is.Equal(len(found), 0) // nothing found is no error
	is.NoErr(f.Close())
	is.Equal(names(t, path), []string{filepath.Base(path), filepath.Base(path) + lockSuffix}) // the log has gone into the file
}

// TestDurability pins what R-17 and a power cut rest on; scripts and kills
// cannot show the latter.
func TestDurability(t *testing.T) {
	is := is.New(t)
	f := opened(t, filepath.Join(t.TempDir(), "s.db"))
	defer f.Close()
	for pragma, want := range map[string]any{"journal_mode": "wal", "synchronous": int64(2), "fullfsync": int64(1)} {
		found, err := f.write.exec("PRAGMA "+pragma, nil)
		is.NoErr(err)
		is.Equal(found, [][]any{{want}}) // a commit is on the disk before it is answered
	}
	_, err := query(mustPrepare(t, f.read, "INSERT INTO numbers (name, n) VALUES ('x', 1)"), nil)
	is.True(err != nil) // who reads cannot write
}

func mustPrepare(t *testing.T, db *sql.DB, text string) *sql.Stmt {
	t.Helper()
	s, err := db.Prepare(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestManyAtOnce(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "s.db")
	f := opened(t, path)
	var wg sync.WaitGroup
	for g := range 50 {
		wg.Go(func() {
			for i := range 20 {
				name := fmt.Sprint(g, " ", i)
				if found, err := f.Exec(insert, name, int64(i), []byte(name)); err != nil || len(found) != 1 || found[0][0] != int64(i) {
					t.Errorf("%s: %v %v", name, found, err)
				}
				if found, err := f.Exec(read, name); err != nil || len(found) != 1 || found[0][1] != int64(i) {
					t.Errorf("what was answered is not there for a reader: %s: %v %v", name, found, err)
				}
				if _, err := f.Exec(insert, name, int64(i), nil); err == nil { // a statement that fails
					t.Error("written twice: " + name)
				}
			}
		})
	}
	wg.Wait()
	found, err := f.Exec(count)
	is.NoErr(err)
	is.Equal(found, [][]any{{int64(1000)}}) // each answered once, none failed by another's failure
	is.NoErr(f.Close())
}

func TestOneFileOneServer(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "s.db")
	f := opened(t, path)
	link := filepath.Join(dir, "link.db")
	is.NoErr(os.Symlink("s.db", link))
	for _, name := range []string{path, link, filepath.Join(dir, "..", filepath.Base(dir), "s.db")} {
		_, err := Open(name)
		is.True(err != nil)                                                                                             // refused under every name
		is.True(strings.Contains(err.Error(), fmt.Sprintf("in use by another server (process %d): stop", os.Getpid()))) // and says by whom
	}
	_, err := f.Exec(insert, "a", int64(1), nil)
	is.NoErr(err)       // the first is not disturbed
	is.NoErr(f.Close()) // and when it ends
	f, err = Open(link)
	is.NoErr(err) // the next may come
	found, err := f.Exec(count)
	is.NoErr(err)
	is.Equal(found, [][]any{{int64(1)}}) // to the same records
	is.NoErr(f.Close())
}

func TestWhatIsNotOursIsLeft(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	is.NoErr(err)
	_, err = db.Exec("CREATE TABLE records (kind TEXT)")
	is.NoErr(err) // a database of another program, with a table of the same name
	is.NoErr(db.Close())
	is.NoErr(os.WriteFile(filepath.Join(dir, "text"), []byte("not a database\n"), 0o644))
	is.NoErr(os.WriteFile(filepath.Join(dir, "long"), bytes.Repeat([]byte("x"), 10_000), 0o644))
	is.NoErr(os.WriteFile(filepath.Join(dir, "cut"), []byte(header), 0o644))
	is.NoErr(os.Mkdir(filepath.Join(dir, "directory"), 0o755))
	is.NoErr(os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	before := contents(t, dir)
	for name, want := range map[string]string{"foreign.db": "of another program", "text": "no SQLite database", "long": "no SQLite database", "cut": "no SQLite database",
		"directory": "no regular file", "dangling": "", "missing/s.db": "", "": ""} {
		path := filepath.Join(dir, name)
		if name == "" {
			path = ""
		}
		_, err := Open(path)
		is.True(err != nil) // refused
		is.True(strings.Contains(err.Error(), want) && strings.Contains(err.Error(), path))
	}
	is.Equal(contents(t, dir), before) // not a byte changed, no file beside them
}

// TestFullDisk: what cannot be written is an error, whole, and no end of all
// that follows.
func TestFullDisk(t *testing.T) {
	is := is.New(t)
	f := opened(t, filepath.Join(t.TempDir(), "s.db"))
	defer f.Close()
	pages := func(n string) {
		_, err := f.write.exec("PRAGMA max_page_count = "+n, nil)
		is.NoErr(err)
	}
	_, err := f.Exec(insert, "before", int64(1), nil)
	is.NoErr(err)
	pages("4")
	var wg sync.WaitGroup
	for i := range 20 { // small ones that fit, beside one that does not
		wg.Go(func() {
			if _, err := f.Exec(insert, fmt.Sprint("small ", i), int64(i), nil); err != nil {
				t.Error("failed by another's failure:", err)
			}
		})
	}
	_, err = f.Exec(insert, "large", int64(1), make([]byte, 1<<20))
	is.True(err != nil) // the disk is full
	wg.Wait()
	found, err := f.Exec(read, "large")
	is.NoErr(err)           // reading goes on
	is.Equal(len(found), 0) // and nothing of it is there
	pages("1000000")
	_, err = f.Exec(insert, "large", int64(1), make([]byte, 1<<20))
	is.NoErr(err) // once there is room, all goes on
	found, err = f.Exec(count)
	is.NoErr(err)
	is.Equal(found, [][]any{{int64(22)}}) // with all that was answered
}

func TestADatabaseThatIsDamaged(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "s.db")
	is.NoErr(opened(t, path).Close())
	b, err := os.ReadFile(path)
	is.NoErr(err)
	for i := headerSize; i < len(b); i++ {
		b[i] = 0xff
	}
	is.NoErr(os.WriteFile(path, b, 0o600))
	f, err := Open(path)
	if err == nil {
		_, err = f.Exec(count)
		is.NoErr(f.Close())
	}
	is.True(err != nil) // an error, and no empty table
}

func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits: the directory's rules hold")
	}
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "s.db")
	is.NoErr(os.WriteFile(path, nil, 0o644))
	f := opened(t, path)
	defer f.Close()
	_, err := f.Exec(insert, "a", int64(1), nil)
	is.NoErr(err)
	for _, suffix := range []string{"", "-wal", "-shm", lockSuffix} {
		info, err := os.Stat(path + suffix)
		is.NoErr(err)
		is.Equal(info.Mode().Perm(), os.FileMode(0o600)) // nobody else reads keys and hashes
	}
}

func names(t *testing.T, path string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// contents is every file below a directory with its mode and time.
func contents(t *testing.T, dir string) (all []string) {
	t.Helper()
	for _, name := range names(t, filepath.Join(dir, "x")) {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil && info.Mode().IsRegular() {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(name, info.Mode(), info.ModTime(), len(b), b))
	}
	slices.Sort(all)
	return all
}
