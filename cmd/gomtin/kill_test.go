package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gomtin/cmd/gomtin/province"
	"gomtin/feeds"
	"gomtin/storage"
	"gomtin/storage/sqlite"
)

// kills is how often the program is killed.
const kills = 20

// feedLength is how many articles the sample sites show.
const feedLength = 30

// TestKill kills the real program at any moment, twenty times, while departments
// publish and correct. Nothing is lost, nothing is published twice, the sequence
// of changes has no gap.
func TestKill(t *testing.T) {
	prov, port, stop := startProvince()
	defer stop()
	dir := t.TempDir()
	file := filepath.Join(dir, "t.db")
	store, err := sqlite.Open(t.Context(), file, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Apply(t.Context(), sampleCatalogue(prov, "http://127.0.0.1:8080")); err != nil {
		t.Fatal(err)
	}
	store.Close()
	web, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"serve", "--db", "sqlite:" + file, "--listen", "127.0.0.1:" + web, "--allow-private", "--host-pace", "0",
		"--lease", "1s", "--poll-min", "30ms", "--poll-max", "30ms",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range kills {
		cmd := exec.Command(binary, args...)
		output := &safeBuffer{}
		cmd.Stdout, cmd.Stderr = output, output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Long enough to start most of the time, and to be at any point of its work.
		lives := time.Duration(20+rnd.IntN(400)) * time.Millisecond
		for end := time.Now().Add(lives); time.Now().Before(end); time.Sleep(15 * time.Millisecond) {
			if _, _, err := prov.Publish(time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		prov.Correct("stc", fmt.Sprintf("Đính chính lần %d", i+1))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if s := output.String(); strings.Contains(s, "gomtin:") {
			t.Fatalf("it ended by itself: %s", s)
		}
	}
	output, stopServe := start(t, args...)
	store, err = sqlite.Open(t.Context(), file, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	lost := func() string { return strings.Join(missing(t, store, prov.Articles(), port), "\n") }
	eventually(t, 30*time.Second, func() string { return "lost:\n" + lost() + "\n" + output.String() }, func() bool { return lost() == "" })
	if err := stopServe(); err != nil {
		t.Errorf("it did not end well: %v", err)
	}
	checkChanges(t, store)
}

// missing returns what the province publishes and the database does not have.
func missing(t *testing.T, store *storage.DB, published map[string][]province.Article, port string) []string {
	t.Helper()
	stories, err := store.Latest(t.Context(), storage.Scope{}, 100000)
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[string]bool)
	for _, s := range stories {
		for _, a := range append(s.Others, s.Lead) {
			have[string(a.Department)+" "+a.Link+" "+a.Title] = true
		}
	}
	var lost []string
	for department, articles := range published {
		for _, a := range articles[:min(len(articles), feedLength)] { // a feed shows no more
			if key := department + " http://" + department + ".localhost:" + port + a.Path() + " " + a.Title; !have[key] {
				lost = append(lost, key)
			}
		}
	}
	return lost
}

// checkChanges holds that every story is new once and that numbers have no gap.
func checkChanges(t *testing.T, store *storage.DB) {
	t.Helper()
	changes, err := store.Changes(t.Context(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	founded := make(map[feeds.StoryID]bool)
	for i, c := range changes {
		if c.ID != feeds.ChangeID(i+1) {
			t.Fatalf("change %d has number %d: there is a gap", i+1, c.ID)
		}
		if c.Kind == feeds.ChangeNew {
			if founded[c.Story] {
				t.Errorf("story %d was published twice as new", c.Story)
			}
			founded[c.Story] = true
		} else if !founded[c.Story] {
			t.Errorf("story %d was %s before it was new", c.Story, c.Kind)
		}
	}
	stories, err := store.Latest(t.Context(), storage.Scope{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(founded) != len(stories) {
		t.Errorf("%d stories were published, %d are stored", len(founded), len(stories))
	}
	seen := make(map[string]bool)
	for _, s := range stories {
		for _, a := range append(s.Others, s.Lead) {
			key := string(a.Department) + " " + feeds.LinkKey(a.Link)
			if seen[key] {
				t.Errorf("%s is stored twice", key)
			}
			seen[key] = true
		}
	}
	t.Logf("%d changes, %d stories, %d articles", len(changes), len(stories), len(seen))
}
