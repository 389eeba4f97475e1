package websub_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/websub"
	"gomtin/storage"
	"gomtin/storage/sqlite"
)

// A subscriber is written from the Recommendation alone.
type subscriber struct {
	*httptest.Server
	mu       sync.Mutex
	asked    []url.Values
	got      []string // bodies
	headers  []http.Header
	answer   func(url.Values) (int, string) // to a confirmation; nil: the challenge
	delivery int                            // status to deliveries; 0: 200
}

func newSubscriber(t *testing.T) *subscriber {
	s := &subscriber{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Method == http.MethodGet {
			q := r.URL.Query()
			s.asked = append(s.asked, q)
			status, text := http.StatusOK, q.Get("hub.challenge")
			if s.answer != nil {
				status, text = s.answer(q)
			}
			w.WriteHeader(status)
			io.WriteString(w, text)
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.got, s.headers = append(s.got, string(body)), append(s.headers, r.Header)
		if s.delivery != 0 {
			w.WriteHeader(s.delivery)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *subscriber) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *subscriber) count() (asked, got int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked), len(s.got)
}

// plainClient is a Client without a guard.
type plainClient struct{}

func (plainClient) Do(r *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(r)
}

// A bench is a hub over a real database.
type bench struct {
	t   *testing.T
	hub *websub.Hub
	db  *storage.DB
	n   int
}

func newBench(t *testing.T) *bench {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, db: db}
	b.hub = &websub.Hub{
		Store: db, Client: plainClient{}, Site: func() string { return "https://tin.example.vn" },
		Scope: func(path string) (string, bool) {
			return "/topics/y-te", path == "/topics/y-te.rss"
		},
		Feed: func(context.Context, string) (string, []byte, error) {
			return "application/rss+xml", []byte(fmt.Sprintf("<rss>%d</rss>", b.n)), nil
		},
		Timeout: time.Second,
	}
	if _, err := db.Apply(t.Context(), storage.Catalogue{
		Departments: []feeds.Department{{ID: "syt", Name: "Sở Y tế"}}, Topics: []byte("{}"),
		Sources: []feeds.Source{{Department: feeds.Department{ID: "syt"}, Kind: feeds.KindFeed, URL: "http://syt.example/rss"}},
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { b.hub.Run(ctx); close(done) }()
	t.Cleanup(func() {
		cancel()
		<-done
		db.Close()
	})
	return b
}

// change commits one new article under y-te.
func (b *bench) change() {
	b.t.Helper()
	b.n++
	if err := b.db.MakeDue(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	jobs, err := b.db.Claim(b.t.Context(), time.Now(), 1, time.Minute)
	if err != nil || len(jobs) != 1 {
		b.t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	a := feeds.Article{Department: "syt", Link: fmt.Sprintf("http://syt.example/%d", b.n), Title: "Tin", Topics: []feeds.Match{{Topic: "y-te"}}}
	a.SetIdentity(false)
	if _, err := b.db.Commit(b.t.Context(), jobs[0], feeds.Outcome{At: time.Now(), Articles: []feeds.Article{a}}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) post(form url.Values) (int, string) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/hub", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.hub.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func request(mode string, s *subscriber, more ...string) url.Values {
	form := url.Values{"hub.mode": {mode}, "hub.topic": {"https://tin.example.vn/topics/y-te.rss"}, "hub.callback": {s.URL + "/nhan?key=1"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("it did not happen that %s", what)
}

func TestSubscribeReceiveUnsubscribe(t *testing.T) {
	b, s := newBench(t), newSubscriber(t)
	b.change() // before the subscription: not sent
	if code, text := b.post(request("subscribe", s, "hub.secret", "bí mật", "hub.lease_seconds", "60")); code != http.StatusAccepted {
		t.Fatalf("subscribing gives %d %s, want 202", code, text)
	}
	until(t, "the callback was asked", func() bool { asked, _ := s.count(); return asked == 1 })
	q := s.asked[0]
	if q.Get("hub.mode") != "subscribe" || q.Get("hub.topic") != "https://tin.example.vn/topics/y-te.rss" || q.Get("key") != "1" || q.Get("hub.lease_seconds") != "300" {
		t.Errorf("it was asked %v; want mode, topic, its own query, and the least lease of 300 s", q)
	}
	until(t, "the subscription was confirmed", func() bool { due, _ := b.db.PushDue(t.Context(), time.Now()); return !due })
	b.change()
	until(t, "the change was delivered", func() bool { _, got := s.count(); return got == 1 })
	mac := hmac.New(sha256.New, []byte("bí mật"))
	io.WriteString(mac, "<rss>2</rss>")
	h := s.headers[0]
	if s.got[0] != "<rss>2</rss>" || h.Get("X-Hub-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) || h.Get("Content-Type") != "application/rss+xml" {
		t.Errorf("delivered %q with %v", s.got[0], h)
	}
	if links := strings.Join(h.Values("Link"), " "); !strings.Contains(links, `</hub>; rel="hub"`) && !strings.Contains(links, `<https://tin.example.vn/hub>; rel="hub"`) {
		t.Errorf("Link %q names no hub", links)
	}
	b.post(request("unsubscribe", s))
	until(t, "the end was confirmed", func() bool { asked, _ := s.count(); return asked == 2 })
	until(t, "nothing is due", func() bool { due, _ := b.db.PushDue(t.Context(), time.Now()); return !due })
	b.change()
	time.Sleep(500 * time.Millisecond)
	if _, got := s.count(); got != 1 {
		t.Errorf("%d deliveries after the end of the subscription, want 1", got)
	}
}

func TestDeniedSubscriptionGetsNothing(t *testing.T) {
	b, s := newBench(t), newSubscriber(t)
	s.set(func() { s.answer = func(url.Values) (int, string) { return http.StatusOK, "something else" } })
	b.post(request("subscribe", s))
	until(t, "the callback was asked", func() bool { asked, _ := s.count(); return asked == 1 })
	until(t, "nothing is due", func() bool { due, _ := b.db.PushDue(t.Context(), time.Now()); return !due })
	b.change()
	time.Sleep(500 * time.Millisecond)
	if _, got := s.count(); got != 0 {
		t.Errorf("%d deliveries to who did not confirm", got)
	}
}

func TestFailedDeliveryIsTriedAgain(t *testing.T) {
	b, s := newBench(t), newSubscriber(t)
	b.post(request("subscribe", s))
	until(t, "the callback was asked", func() bool { asked, _ := s.count(); return asked == 1 })
	until(t, "the subscription was confirmed", func() bool { due, _ := b.db.PushDue(t.Context(), time.Now()); return !due })
	s.set(func() { s.delivery = http.StatusInternalServerError })
	b.change()
	until(t, "the first try failed", func() bool { _, got := s.count(); return got == 1 })
	s.set(func() { s.delivery = 0 })
	until(t, "the second try came", func() bool { _, got := s.count(); return got == 2 })
	s.set(func() { s.delivery = http.StatusGone })
	b.change()
	until(t, "the callback said that it is gone", func() bool { _, got := s.count(); return got == 3 })
	b.change()
	time.Sleep(500 * time.Millisecond)
	if _, got := s.count(); got != 3 {
		t.Errorf("%d deliveries, want none after 410 Gone", got-3)
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	b, s := newBench(t), newSubscriber(t)
	tests := []struct {
		name, key, value, want string
	}{
		{"an unknown mode", "hub.mode", "publish", "write subscribe or unsubscribe"},
		{"a foreign topic", "hub.topic", "https://other.vn/topics/y-te.rss", "is no feed of this hub"},
		{"no feed", "hub.topic", "https://tin.example.vn/", "is no feed of this hub"},
		{"no callback", "hub.callback", "", "write an http or https address"},
		{"a file for a callback", "hub.callback", "file:///etc/passwd", "write an http or https address"},
		{"a callback with a password", "hub.callback", "http://a:b@c.vn/", "write an http or https address"},
		{"a long secret", "hub.secret", strings.Repeat("x", 200), "less than 200"},
		{"a lease in words", "hub.lease_seconds", "a week", "is no number of seconds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if code, text := b.post(request("subscribe", s, tt.key, tt.value)); code != http.StatusBadRequest || !strings.Contains(text, tt.want) {
				t.Errorf("it gives %d %s, want 400 with %q", code, text, tt.want)
			}
		})
	}
	w := httptest.NewRecorder()
	b.hub.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/hub", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET gives %d, Allow %q; want 405, POST", w.Code, w.Header().Get("Allow"))
	}
}
