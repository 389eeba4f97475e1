package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gomtin/feeds"
)

func TestAHostHasOneRequestAtATimeWithAPauseAfterEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(time.Second)
		var inside, served int
		var last time.Time // when the exchange before ended
		var mu sync.Mutex
		var wg sync.WaitGroup
		start := time.Now()
		for range 5 {
			wg.Go(func() {
				release, err := h.acquire(t.Context(), "a.vn")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if inside++; inside > 1 {
					t.Errorf("%d requests at a time to one host, want 1", inside)
				}
				if served++; served > 1 && time.Since(last) < time.Second {
					t.Errorf("request %d came %v after the one before ended, want 1s or more", served, time.Since(last))
				}
				mu.Unlock()
				time.Sleep(3 * time.Second) // the exchange
				mu.Lock()
				inside--
				last = time.Now()
				mu.Unlock()
				release()
			})
		}
		wg.Wait()
		if got, want := time.Since(start), 19*time.Second; got != want {
			t.Errorf("five exchanges of 3s with pauses of 1s between took %v, want %v", got, want)
		}
	})
}

func TestDifferentHostsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(time.Second)
		start := time.Now()
		for i := range 3 {
			release, err := h.acquire(t.Context(), fmt.Sprintf("%d.vn", i))
			if err != nil {
				t.Fatal(err)
			}
			defer release()
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("three hosts' turns took %v, want none", waited)
		}
	})
}

func TestAPauseThatIsOverIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(time.Second)
		release, err := h.acquire(t.Context(), "a.vn")
		if err != nil {
			t.Fatal(err)
		}
		release()
		time.Sleep(time.Minute)
		start := time.Now()
		if release, err = h.acquire(t.Context(), "a.vn"); err != nil {
			t.Fatal(err)
		}
		release()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a host that was free for a minute was waited for %v, want not at all", waited)
		}
	})
}

func TestAWaiterWhoGivesUpLeavesTheHostUsable(t *testing.T) {
	tests := []struct {
		name string
		busy time.Duration // how long the exchange before lasts
	}{
		{"while another request is under way", 10 * time.Second},
		{"during the pause", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHosts(10 * time.Second)
				release, err := h.acquire(t.Context(), "a.vn")
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				time.AfterFunc(tt.busy, release)
				why := errors.New("the program stops")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
				defer cancel()
				if _, err := h.acquire(ctx, "a.vn"); !errors.Is(err, why) {
					t.Errorf("a waiter who gave up got the error %v, want %v", err, why)
				}
				if waited := time.Since(start); waited != 5*time.Second {
					t.Errorf("the waiter came back after %v, want at once after 5s", waited)
				}
				release, err = h.acquire(t.Context(), "a.vn")
				if err != nil {
					t.Fatalf("the next waiter got %v, want the turn", err)
				}
				release()
				if got, want := time.Since(start), tt.busy+10*time.Second; got != want {
					t.Errorf("the next waiter's turn came after %v, want %v", got, want)
				}
			})
		})
	}
}

func TestManyHostsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(time.Second)
		busy, err := h.acquire(t.Context(), "busy.vn")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5000 {
			release, err := h.acquire(t.Context(), fmt.Sprintf("%d.vn", i))
			if err != nil {
				t.Fatal(err)
			}
			release()
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(h.m); n > 2048 {
			t.Errorf("%d hosts are remembered after a crawl of 5000, want the unused ones forgotten", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.acquire(ctx, "busy.vn"); err == nil {
			t.Error("a busy host was forgotten: a second request got its turn")
		}
		busy()
	})
}

// brief answers without keeping connections, so that in a bubble no goroutine
// stays on the network and time can pass.
func brief(t *testing.T, h http.HandlerFunc) string {
	srv := serve(t, h)
	srv.Config.SetKeepAlivesEnabled(false)
	return srv.URL
}

func TestFetchKeepsTheHostsPace(t *testing.T) {
	url := brief(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			w.WriteHeader(http.StatusNotFound)
		case "/old":
			http.Redirect(w, r, "/new", http.StatusFound)
		}
	})
	tests := []struct {
		name  string
		pace  time.Duration
		pages []feeds.Request
		want  time.Duration
	}{
		{"one request waits for nothing", time.Minute, []feeds.Request{{}}, 0},
		{"of three requests two wait", 3 * time.Second, []feeds.Request{{}, {}, {}}, 6 * time.Second},
		{"the pace is a second if unsaid", 0, []feeds.Request{{}, {}}, time.Second},
		{"a negative pace is none", -time.Second, []feeds.Request{{}, {}}, 0},
		{"robots.txt is a request too", 3 * time.Second, []feeds.Request{{Robots: true}}, 3 * time.Second},
		{"so is each redirect", 3 * time.Second, []feeds.Request{{URL: "/old"}}, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{AllowPrivate: true, HostPace: tt.pace})
				defer c.Close()
				start := time.Now()
				for _, r := range tt.pages {
					r.URL = url + r.URL
					if _, err := c.Fetch(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
				if got := time.Since(start); got != tt.want {
					t.Errorf("%d requests with a pace of %v took %v, want %v", len(tt.pages), tt.pace, got, tt.want)
				}
			})
		})
	}
}

func TestTimeSpentWaitingForTheHostHasItsCauseInTheError(t *testing.T) {
	url := brief(t, say(200, ""))
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{AllowPrivate: true, HostPace: time.Hour})
		defer c.Close()
		if _, err := c.Fetch(t.Context(), feeds.Request{URL: url}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		page, err := c.Fetch(t.Context(), feeds.Request{URL: url})
		wantError(t, page, err, feeds.Transient, "no answer within 30s", url)
		if got := time.Since(start); got != 30*time.Second {
			t.Errorf("by default Fetch gave up after %v, want 30s", got)
		}
	})
}

// meet serves pages whose first two requests wait for each other, and reports
// whether they were there at the same time.
func meet(t *testing.T, patience time.Duration) (port string, met func() bool) {
	both := make(chan struct{})
	var n atomic.Int32
	srv := serve(t, func(http.ResponseWriter, *http.Request) {
		if n.Add(1) == 2 {
			close(both)
		}
		select {
		case <-both:
		case <-time.After(patience):
			n.Store(-100) // too late: nobody meets any more
		}
	})
	_, port, _ = net.SplitHostPort(srv.Listener.Addr().String())
	return port, func() bool {
		select {
		case <-both:
			return true
		default:
			return false
		}
	}
}

func TestRequestsMeetOnlyAtDifferentHosts(t *testing.T) {
	tests := []struct {
		name, one, other string
		patience         time.Duration
		want             bool
	}{
		{"different hosts are asked in parallel", "http://syt.localhost:", "http://snnmt.localhost:", 3 * time.Second, true},
		{"one host is asked one at a time", "http://syt.localhost:", "http://syt.localhost:", 100 * time.Millisecond, false},
		{"a host in capitals is the same host", "http://syt.localhost:", "http://SYT.localhost:", 100 * time.Millisecond, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			port, met := meet(t, tt.patience)
			c := loopback(t, Options{})
			var wg sync.WaitGroup
			for _, u := range []string{tt.one + port + "/1", tt.other + port + "/2"} {
				wg.Go(func() {
					if _, err := c.Fetch(t.Context(), feeds.Request{URL: u}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if met() != tt.want {
				t.Errorf("requests to %s and %s were at the server at one time: %v, want %v", tt.one, tt.other, met(), tt.want)
			}
		})
	}
}

func TestAClientServesManyGoroutines(t *testing.T) {
	var inside, most atomic.Int32
	srv := serve(t, func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), inside.Add(1)))
		inside.Add(-1)
	})
	c := loopback(t, Options{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := c.Fetch(t.Context(), feeds.Request{URL: fmt.Sprintf("%s/%d", srv.URL, i), Robots: i%2 == 0}); err != nil {
				t.Error(err)
			}
			if i == 10 {
				c.Close() // a client that was closed can still fetch
			}
		})
	}
	wg.Wait()
	if n := most.Load(); n != 1 {
		t.Errorf("up to %d requests were at the host at one time, want 1", n)
	}
}
