// Package fetch gets pages from departments' servers, politely and safely:
// conditional GET, robots.txt, one request at a time per host, an address guard
// at every connect, caps on size and time.
//
// It reads no database and parses no feed. Read [Client.Fetch] first.
package fetch

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"gomtin/feeds"
)

// Options set a Client's manners. The zero value is polite and safe.
type Options struct {
	UserAgent    string        // default "gomtin/1.0"; name a contact address in it
	Timeout      time.Duration // of one whole exchange, redirects included; default 30s
	MaxBytes     int64         // of the unpacked body; default 8 MiB; more is an error, never a cut
	HostPace     time.Duration // pause after a request to a host; default 1s, negative for none
	AllowPrivate bool          // lifts the address guard
}

// A Client fetches pages. Make one with [New]; it is safe for concurrent use.
type Client struct {
	opts  Options
	hosts *hosts

	mu         sync.Mutex
	transports map[string]*http.Transport // by CA file; "" is the system's trust
	robots     map[string]robotsEntry     // by scheme and host
}

// New returns a Client with the given manners.
func New(o Options) *Client {
	o.UserAgent = cmp.Or(o.UserAgent, "gomtin/1.0")
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.MaxBytes = cmp.Or(o.MaxBytes, 8<<20)
	o.HostPace = cmp.Or(o.HostPace, time.Second)
	return &Client{
		opts:       o,
		hosts:      newHosts(max(o.HostPace, 0)),
		transports: make(map[string]*http.Transport),
		robots:     make(map[string]robotsEntry),
	}
}

// Close closes idle connections. A Client that was closed can still fetch.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

const maxRedirects = 10

// Fetch gets r.URL, or learns that it has not changed since r.Validators. A 304
// is a success: a Page with NotModified set and no Body. Every error is an
// [*feeds.Error]; its Fault is Refused when robots.txt or the address guard
// forbids the URL, Throttled with After set on 429 and 503. The caller owns the Page.
func (c *Client) Fetch(ctx context.Context, r feeds.Request) (*feeds.Page, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Timeout, fmt.Errorf("no answer within %v", c.opts.Timeout))
	defer cancel()
	u, err := parseURL(r.URL)
	if err != nil {
		return nil, &feeds.Error{Op: "fetch", URL: withoutUser(r.URL), Fault: feeds.Refused, Err: err}
	}
	for range maxRedirects + 1 {
		if r.Robots {
			if err := c.askRobots(ctx, u, r.CAFile); err != nil {
				return nil, fault(u, err)
			}
		}
		page, next, err := c.exchange(ctx, u, r)
		if err != nil {
			return nil, fault(u, err)
		}
		if next == nil {
			return page, nil
		}
		u = next
	}
	return nil, fault(u, &feeds.Error{Fault: feeds.Malformed, Err: fmt.Errorf("more than %d redirects", maxRedirects)})
}

// parseURL accepts only what may be fetched: http and https with a host, and no
// user name, which would end in logs and caches.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil:
		return nil, errors.Unwrap(err) // url.Error repeats the address
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q is not http or https", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the address names no host")
	case len(s) > 4096:
		return nil, errors.New("the address is longer than 4096 bytes")
	case u.User != nil:
		return nil, errors.New("user names and passwords in addresses are not sent")
	}
	u.Fragment = ""
	return u, nil
}

// userInfo is where an address would hold a name and password.
var userInfo = regexp.MustCompile(`//[^/?#]*@`)

// withoutUser makes an address fit for an error's text, even one that can't be
// parsed.
func withoutUser(s string) string { return userInfo.ReplaceAllString(s, "//") }

// fault makes err a [*feeds.Error] that names u. A cause set by the context
// replaces the bare "deadline exceeded".
func fault(u *url.URL, err error) error {
	e, ok := errors.AsType[*feeds.Error](err)
	if !ok {
		e = &feeds.Error{Fault: feeds.Transient, Err: err}
		if errors.Is(err, errGuard) || errors.Is(err, errTLS) {
			e.Fault = feeds.Refused
		}
	}
	e.Op, e.URL = cmp.Or(e.Op, "fetch"), cmp.Or(e.URL, u.Redacted())
	return e
}

// errTLS is in every failure of a TLS handshake.
var errTLS = errors.New("no secure connection")

// exchange sends one request under the host's limit. It returns a page, or where
// a redirect leads.
func (c *Client) exchange(ctx context.Context, u *url.URL, r feeds.Request) (*feeds.Page, *url.URL, error) {
	transport, err := c.transport(r.CAFile)
	if err != nil {
		return nil, nil, &feeds.Error{Fault: feeds.Refused, Err: err}
	}
	release, err := c.hosts.acquire(ctx, u.Host)
	if err != nil {
		return nil, nil, err
	}
	defer release()

	var handshake error
	trace := &httptrace.ClientTrace{TLSHandshakeDone: func(_ tls.ConnectionState, err error) { handshake = err }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("User-Agent", c.opts.UserAgent)
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.9, */*;q=0.5")
	setIf(req.Header, "If-None-Match", r.Validators.ETag)
	setIf(req.Header, "If-Modified-Since", r.Validators.LastModified)
	resp, err := transport.RoundTrip(req)
	if err != nil && handshake != nil && ctx.Err() == nil {
		return nil, nil, fmt.Errorf("%w: %w", errTLS, handshake)
	} else if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	defer resp.Body.Close()
	return c.read(ctx, u, resp)
}

// read makes a page of the answer to a request for u.
func (c *Client) read(ctx context.Context, u *url.URL, resp *http.Response) (*feeds.Page, *url.URL, error) {
	page := &feeds.Page{
		URL:       u.String(),
		MediaType: resp.Header.Get("Content-Type"),
		Validators: feeds.Validators{
			ETag:         validator(resp.Header.Get("ETag")),
			LastModified: validator(resp.Header.Get("Last-Modified")),
		},
		FetchedAt: time.Now(),
		FreshFor:  maxAge(strings.Join(resp.Header.Values("Cache-Control"), ",")),
	}
	switch s := resp.StatusCode; {
	case s == http.StatusNotModified:
		page.NotModified = true
		return page, nil, nil
	case s == http.StatusMovedPermanently || s == http.StatusFound || s == http.StatusSeeOther || s == http.StatusTemporaryRedirect || s == http.StatusPermanentRedirect:
		next, err := redirect(u, resp.Header.Get("Location"))
		return nil, next, err
	case s != http.StatusOK:
		return nil, nil, statusError(resp)
	}
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, nil, &feeds.Error{Fault: feeds.Malformed, Err: fmt.Errorf("the answer comes in a coding that was not asked for: %q", coding)}
	}
	body, err := unpacked(resp.Body)
	if err == nil {
		page.Body, err = io.ReadAll(io.LimitReader(body, c.opts.MaxBytes+1))
	}
	if err != nil {
		return nil, nil, causeOf(ctx, fmt.Errorf("read the answer: %w", err))
	}
	if int64(len(page.Body)) > c.opts.MaxBytes {
		return nil, nil, &feeds.Error{Fault: feeds.Malformed, Err: fmt.Errorf("the answer is larger than %d bytes", c.opts.MaxBytes)}
	}
	return page, nil, nil
}

// validator returns v if it can be stored and sent back: short printable ASCII.
func validator(v string) string {
	if len(v) > 1024 || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return v
}

// unpacked reads a body that is gzip though its header does not say so: some
// portals store their feeds packed.
func unpacked(body io.Reader) (io.Reader, error) {
	r := bufio.NewReader(body)
	if magic, err := r.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return r, nil // what can't be peeked at, ReadAll reports
	}
	return gzip.NewReader(r)
}

// redirect returns where a Location leads. It is Malformed where that can't be
// fetched.
func redirect(u *url.URL, location string) (*url.URL, error) {
	err := errors.New("the redirect names no address")
	if location != "" {
		var next *url.URL
		if next, err = u.Parse(location); err == nil {
			if next, err = parseURL(next.String()); err == nil {
				return next, nil
			}
		}
		err = fmt.Errorf("redirect to %q: %w", withoutUser(location), err)
	}
	return nil, &feeds.Error{Fault: feeds.Malformed, Err: err}
}

// statusError says what an answer other than 200 means to the scheduler.
func statusError(resp *http.Response) error {
	e := &feeds.Error{Err: fmt.Errorf("the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))}
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable:
		e.Fault, e.After = feeds.Throttled, retryAfter(resp.Header.Get("Retry-After"), time.Now())
	case s == http.StatusNotFound || s == http.StatusGone:
		e.Fault = feeds.Gone
	case s == http.StatusRequestTimeout || s == http.StatusTooEarly || s/100 != 4:
		e.Fault = feeds.Transient
	default: // 401, 403 and whatever else finds fault with the request
		e.Fault = feeds.Refused
	}
	return e
}

// maxWait bounds what a server may ask for: a day.
const maxWait = 24 * time.Hour

// retryAfter reads both forms of RFC 9110, 10.2.3.
func retryAfter(v string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(v, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(min(n, 1<<20))*time.Second, maxWait)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), maxWait)
	}
	return 0
}

// maxAge reads the max-age of a Cache-Control field (RFC 9111, 5.2.2.1).
func maxAge(v string) time.Duration {
	for part := range strings.SplitSeq(v, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(name, "max-age") {
			if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && n > 0 {
				return min(time.Duration(min(n, 1<<20))*time.Second, maxWait)
			}
		}
	}
	return 0
}

// causeOf replaces an error that a context caused by the reason it was given.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func setIf(h http.Header, key, value string) {
	if value != "" {
		h.Set(key, value)
	}
}

// transport returns the connections that trust caFile besides the system's roots.
func (c *Client) transport(caFile string) (*http.Transport, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.transports[caFile]; ok {
		return t, nil
	}
	t := &http.Transport{ // Proxy stays nil: a proxy's address would be what the guard checks
		DialContext:            dialer(c.opts.AllowPrivate),
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("read the system's certificates: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s holds no certificate", caFile)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	c.transports[caFile] = t
	return t, nil
}

// Do sends a request to an address from outside under the address guard, with our
// User-Agent: WebSub's callbacks. Redirects are not followed, hosts are not paced;
// the caller bounds the time by the request's context and closes the body.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	transport, err := c.transport("")
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.opts.UserAgent)
	return transport.RoundTrip(req)
}
