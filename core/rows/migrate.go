// Migrations: files, applied once each, in the order of their numbers.
package rows

import (
	"embed"
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// Migrations are the files by which a database becomes what this program
// needs: migrations/NNNN_name.sql, one statement each.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Migrate applies what was not applied yet. It refuses a database that a newer
// program has migrated.
func Migrate(db Database) error {
	all, err := fs.Glob(Migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)"); err != nil {
		return err
	}
	applied, err := number(db.Exec("SELECT COALESCE(MAX(number), 0) FROM migrations"))
	if err != nil {
		return err
	}
	if applied > int64(len(all)) {
		return errors.New("the database was migrated by a newer program, to step " + strconv.FormatInt(applied, 10))
	}
	for i, name := range all[applied:] {
		if err := apply(db, name, applied+int64(i)+1); err != nil {
			return errors.New(name + ": " + err.Error())
		}
	}
	return nil
}

// apply does one step. One that was cut short before it was noted is done again:
// each file says IF NOT EXISTS.
func apply(db Database, name string, step int64) error {
	if !strings.HasPrefix(name, "migrations/"+strings.Repeat("0", 4-len(strconv.FormatInt(step, 10)))+strconv.FormatInt(step, 10)+"_") {
		return errors.New("the files are not numbered one after the other")
	}
	text, err := Migrations.ReadFile(name)
	if err == nil {
		_, err = db.Exec(string(text))
	}
	if err == nil {
		_, err = db.Exec("INSERT INTO migrations (number) VALUES (?)", step)
	}
	return err
}

// number is the one number that a statement answers with.
func number(found [][]any, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	if len(found) == 1 && len(found[0]) == 1 {
		if n, ok := found[0][0].(int64); ok {
			return n, nil
		}
	}
	return 0, errAnswer
}

var errAnswer = errors.New("the database did not answer with what was asked")
