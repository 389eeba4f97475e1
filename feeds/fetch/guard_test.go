package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gomtin/feeds"
)

// guarded returns a client with the address guard up, as in service.
func guarded(t *testing.T) *Client {
	c := New(Options{HostPace: -1, Timeout: 2 * time.Second})
	t.Cleanup(c.Close)
	return c
}

// wantGuard checks that the guard, which looks before it connects, refused.
func wantGuard(t *testing.T, page *feeds.Page, err error, parts ...string) {
	t.Helper()
	wantError(t, page, err, feeds.Refused, parts...)
	if !errors.Is(err, errGuard) {
		t.Errorf("the error %q is not the address guard's", err)
	}
}

func TestTheGuardRefusesAddressesThatAreNotPublic(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"[::1]", "[::]", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]", "[ff02::1]", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]",
		"[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::1]", "[2001:0:7f00:1::1]",
		"localhost", "LOCALHOST", "localhost.", "so-y-te.localhost",
	} {
		t.Run(host, func(t *testing.T) {
			url := "http://" + host + "/latest/meta-data"
			page, err := guarded(t).Fetch(t.Context(), feeds.Request{URL: url})
			wantGuard(t, page, err, url)
		})
	}
}

func TestARefusedAddressIsNotConnectedTo(t *testing.T) {
	places := []string{"127.0.0.1:0"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil { // not every machine has IPv6
		l.Close()
		places = append(places, "[::1]:0")
	}
	for _, at := range places {
		t.Run(at, func(t *testing.T) {
			l, err := net.Listen("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			page, err := guarded(t).Fetch(t.Context(), feeds.Request{URL: "http://" + l.Addr().String()})
			wantGuard(t, page, err, l.Addr().String())
			// A connection made before now would be accepted at once.
			l.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Millisecond))
			if conn, err := l.Accept(); err == nil {
				conn.Close()
				t.Errorf("a connection came from %v, want none", conn.RemoteAddr())
			}
		})
	}
}

func TestTheGuardRefusesPortsOfOtherServices(t *testing.T) {
	for _, port := range []int{1, 22, 25, 53, 110, 143, 465, 587, 993, 2049, 5060, 6000, 6667, 10080} {
		for _, host := range []string{"8.8.8.8", "[2606:4700::1111]"} {
			url := fmt.Sprintf("http://%s:%d/", host, port)
			page, err := guarded(t).Fetch(t.Context(), feeds.Request{URL: url})
			wantGuard(t, page, err, url, fmt.Sprintf("port %d", port))
		}
	}
	for _, port := range []string{"80", "443", "8080", "8443", "3000"} {
		if err := blockPort("8.8.8.8:" + port); err != nil {
			t.Errorf("port %s is refused (%v), want it allowed", port, err)
		}
	}
}

func TestTheGuardLooksAtEachRedirect(t *testing.T) {
	var private atomic.Int32
	inside := serve(t, func(http.ResponseWriter, *http.Request) { private.Add(1) })
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	for _, to := range []string{inside.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://169.254.169.254/"} {
		t.Run(to, func(t *testing.T) {
			outside := serve(t, say(http.StatusFound, "", "Location", to))
			c := guarded(t)
			// Stands for a public server: only this name passes beside the guard.
			guard := dialer(false)
			c.transports[""] = &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if addr == "public.example:80" {
					return net.Dial(network, outside.Listener.Addr().String())
				}
				return guard(ctx, network, addr)
			}}
			page, err := c.Fetch(t.Context(), feeds.Request{URL: "http://public.example/"})
			wantGuard(t, page, err, to)
		})
	}
	if n := private.Load(); n != 0 {
		t.Errorf("the private server was asked %d times, want never", n)
	}
}

func TestNamesBelowLocalhostAreLoopback(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	for _, name := range []string{"localhost", "so-y-te.localhost", "a.b.localhost", "So-Y-Te.LocalHost", "so-y-te.localhost."} {
		page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: "http://" + name + ":" + port})
		if err != nil {
			t.Errorf("%s: %v, want the page of the server on loopback", name, err)
		} else if got := string(page.Body); !strings.EqualFold(got, name+":"+port) {
			t.Errorf("%s: the server was asked for host %s, want the name unchanged", name, got)
		}
	}
}

// TestProxiesOfTheEnvironmentAreIgnored runs itself again in a process of its own,
// because net/http reads the environment only once.
func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	const again = "GOMTIN_TEST_WITH_PROXY"
	if os.Getenv(again) == "" {
		var proxied atomic.Int32
		proxy := serve(t, func(http.ResponseWriter, *http.Request) { proxied.Add(1) })
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), again+"=1", "NO_PROXY=", "no_proxy=")
		for _, key := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
			cmd.Env = append(cmd.Env, key+"="+proxy.URL)
		}
		if out, err := cmd.CombinedOutput(); err != nil || proxied.Load() != 0 {
			t.Errorf("with a proxy in the environment: %v, %d requests to the proxy, want none\n%s", err, proxied.Load(), out)
		}
		return
	}
	srv := serve(t, say(200, "direct"))
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: "http://so-y-te.localhost:" + port})
	if err != nil || string(page.Body) != "direct" {
		t.Errorf("Fetch = %+v, %v, want the page directly from the server", page, err)
	}
}

func TestRedirectsAreFollowedToTheFinalPage(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/old/rss":
				say(status, "moved", "Location", "../middle?id=7")(w, r)
			case "/middle":
				say(status, "moved", "Location", "http://"+r.Host+"/new?v=2#top")(w, r)
			default:
				io.WriteString(w, r.URL.String())
			}
		})
		page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL + "/old/rss"})
		if err != nil {
			t.Errorf("%d: %v", status, err)
		} else if want := srv.URL + "/new?v=2"; page.URL != want || string(page.Body) != "/new?v=2" {
			t.Errorf("%d: page %q of %s, want the page of %s", status, page.Body, page.URL, want)
		}
	}
}

func TestRedirectsEnd(t *testing.T) {
	var asked atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		switch {
		case r.URL.Path == "/loop":
			say(http.StatusFound, "", "Location", "/loop")(w, r)
		case n > 0:
			say(http.StatusFound, "", "Location", fmt.Sprintf("/%d", n-1))(w, r)
		}
	})
	c := loopback(t, Options{})
	page, err := c.Fetch(t.Context(), feeds.Request{URL: srv.URL + "/loop"})
	wantError(t, page, err, feeds.Malformed, "more than 10 redirects", srv.URL+"/loop")
	if n := asked.Load(); n > 11 {
		t.Errorf("a loop was asked %d times, want at most 11", n)
	}
	page, err = c.Fetch(t.Context(), feeds.Request{URL: srv.URL + "/11"})
	wantError(t, page, err, feeds.Malformed, "more than 10 redirects")
	if page, err = c.Fetch(t.Context(), feeds.Request{URL: srv.URL + "/10"}); err != nil || page.URL != srv.URL+"/0" {
		t.Errorf("ten redirects, which are not more than 10, gave %+v, %v, want the page of %s/0", page, err, srv.URL)
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	for _, to := range []string{"file:///etc/passwd", "ftp://a.vn/", "gopher://a.vn/", "javascript:alert(1)", "http://", "http://[::1/", "http://a.vn:port/"} {
		srv := serve(t, say(http.StatusFound, "", "Location", to))
		page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL + "/old"})
		wantError(t, page, err, feeds.Malformed, srv.URL+"/old", "redirect", to)
	}
	var asked atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.WriteHeader(http.StatusFound) })
	page, err := loopback(t, Options{}).Fetch(t.Context(), feeds.Request{URL: srv.URL})
	wantError(t, page, err, feeds.Malformed, srv.URL)
	if n := asked.Load(); n != 1 {
		t.Errorf("a redirect without a Location was asked for %d times, want once", n)
	}
}
