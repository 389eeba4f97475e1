package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gomtin/cmd/gomtin/province"
)

// binary is the program under test, built once as its users build it.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "gomtin-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "gomtin")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// TestScripts drives the real binary against the sample province's sites. Each
// script has a province of its own at NAME.localhost:$PORT.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			prov, port, stop := startProvince()
			env.Defer(stop)
			env.Values["province"] = prov
			env.Setenv("PORT", port)
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
			free, err := freePort()
			env.Setenv("FREE", free)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"expand": cmdExpand, "get": cmdGet, "await": cmdAwait, "occupy": cmdOccupy,
			"province": cmdProvince,
		},
	})
}

// startProvince serves a sample province on a port of its own.
func startProvince() (p *province.Province, port string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	if p, err = province.New(port); err != nil {
		panic(err)
	}
	srv := &http.Server{Handler: p}
	go srv.Serve(l)
	return p, port, func() { srv.Close() }
}

// freePort returns a port that nobody listens on just now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// expand FILE… replaces $PORT and the like in files.
func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

// get [-h 'Name: value'] URL prints the answer: its status line, headers, body.
func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, args[len(args)-1], nil)
	ts.Check(err)
	for i := 0; i+1 < len(args)-1; i += 2 {
		name, value, _ := strings.Cut(args[i+1], ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	var head bytes.Buffer
	ts.Check(resp.Header.Write(&head))
	fmt.Fprintf(ts.Stdout(), "%s\n%s\n%s", resp.Status, strings.ReplaceAll(head.String(), "\r", ""), body)
}

// await URL REGEXP waits until the answer matches, ten seconds at most.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(args[1])
	var last string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(args[0])
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if last = string(body); err == nil && want.MatchString(last) != neg {
			return
		}
	}
	ts.Fatalf("%s did not come to match %s: %.500s", args[0], args[1], last)
}

// occupy PORT listens there until the script ends.
func cmdOccupy(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	ts.Check(err)
	ts.Defer(func() { l.Close() })
}

// province correct ID TITLE | down ID | up ID | publish
func cmdProvince(ts *testscript.TestScript, neg bool, args []string) {
	p := ts.Value("province").(*province.Province)
	switch args[0] {
	case "correct":
		if _, ok := p.Correct(args[1], args[2]); !ok {
			ts.Fatalf("no department %s", args[1])
		}
	case "down", "up":
		p.SetDown(args[1], args[0] == "down")
	case "publish":
		_, _, err := p.Publish(time.Now())
		ts.Check(err)
	default:
		ts.Fatalf("unknown command province %s", args[0])
	}
}

// start runs the binary until the test ends, or until stop is called; stop ends
// it as an operator would and waits.
func start(t *testing.T, args ...string) (output *safeBuffer, stop func() error) {
	t.Helper()
	output = &safeBuffer{}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var stopped error
	ended := false
	stop = func() error {
		if !ended {
			ended = true
			cancel()
			if stopped = cmd.Wait(); cmd.ProcessState.Success() {
				stopped = nil // Wait repeats that the context was cancelled
			}
		}
		return stopped
	}
	t.Cleanup(func() { stop() })
	return output, stop
}
