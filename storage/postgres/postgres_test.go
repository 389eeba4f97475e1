package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"gomtin/storage"
	"gomtin/storage/storagetest"
)

// cluster is the address of a throw-away server, without a database's name; empty
// where PostgreSQL's programs are not installed.
var cluster string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		bin := serverPrograms()
		if bin == "" {
			if os.Getenv("CI") != "" {
				fmt.Fprintln(os.Stderr, "PostgreSQL's server programs are not installed; make deps installs them")
				return 1
			}
			fmt.Fprintln(os.Stderr, "PostgreSQL's server programs are not installed: the suite is left out here")
			return m.Run()
		}
		stop, err := startCluster(bin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		return m.Run()
	}())
}

// serverPrograms returns the folder of initdb and pg_ctl.
func serverPrograms() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// startCluster makes a server of its own on a socket in a temporary folder, as
// user postgres where we are root, since initdb refuses root.
func startCluster(bin string) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "gomtin-pg-")
	if err != nil {
		return nil, err
	}
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, fmt.Errorf("initdb refuses root, and there is no user postgres: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	run := func(name string, args ...string) error {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		log, err := os.CreateTemp("", "gomtin-pg-log-") // not a pipe: the server would hold it open
		if err != nil {
			return err
		}
		defer os.Remove(log.Name())
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run("initdb", "-D", data, "-U", "gomtin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, err
	}
	options := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s' -c fsync=off", dir)
	if err := run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return nil, err
	}
	cluster = "host=" + dir + " user=gomtin"
	return func() {
		if err := run("pg_ctl", "-D", data, "-m", "immediate", "stop"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.RemoveAll(dir)
	}, nil
}

var databases atomic.Int64

// newDatabase makes an empty database and returns its address.
func newDatabase(t *testing.T) string {
	t.Helper()
	admin, err := sql.Open("pgx", cluster+" dbname=postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("t%d", databases.Add(1))
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return cluster + " dbname=" + name
}

func TestSuite(t *testing.T) {
	if cluster == "" {
		t.Log("left out: no PostgreSQL here")
		return
	}
	storagetest.Run(t, func(t *testing.T) *storage.DB {
		db, err := Open(t.Context(), newDatabase(t), storagetest.Options)
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
}

// TestStartTogether lets four programs migrate one empty database at once.
func TestStartTogether(t *testing.T) {
	if cluster == "" {
		t.Log("left out: no PostgreSQL here")
		return
	}
	address := newDatabase(t)
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			db, err := Open(context.Background(), address, storage.Options{})
			if err == nil {
				err = db.Close()
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestOpenExplains(t *testing.T) {
	tests := []struct{ name, address, want string }{
		{"nobody listens", "postgres://gomtin:s3cret@127.0.0.1:1/x?connect_timeout=2", "no connection: is the server running there?"},
		{"an address that is none", "postgres://%zz", "write postgres://USER@HOST/NAME"},
	}
	if cluster != "" {
		tests = append(tests, struct{ name, address, want string }{"no such database", cluster + " dbname=none", "make it with createdb"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.address, storage.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("Open = %v, want %q in it and no password", err, tt.want)
			}
		})
	}
}
