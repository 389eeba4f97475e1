package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"gomtin/feeds"
)

// robotsAge is how long a robots.txt is trusted (RFC 9309, 2.4: at most a day).
const robotsAge = 24 * time.Hour

// maxRobots is how much of a robots.txt is read (RFC 9309, 2.5: at least 500 KiB).
const maxRobots = 512 << 10

// mostRules is how many rules of one file are kept.
const mostRules = 2000

type robotsEntry struct {
	rules []robotsRule
	until time.Time
}

// A robotsRule is a path pattern, split at its wildcards before it is decoded: an
// encoded * or $ stands for itself.
type robotsRule struct {
	allow    bool
	parts    []string // between the *
	anchored bool     // $ at the end
	length   int      // of the pattern, for "the most octets" (RFC 9309, 2.2.2)
}

func newRule(allow bool, pattern string) robotsRule {
	r := robotsRule{allow: allow, length: len(unescapePath(pattern))}
	pattern, r.anchored = strings.CutSuffix(pattern, "$")
	for part := range strings.SplitSeq(pattern, "*") {
		r.parts = append(r.parts, unescapePath(part))
	}
	return r
}

// askRobots returns a Refused error if the host's robots.txt forbids u. A host
// without one allows all; one that can't be reached allows nothing for now.
func (c *Client) askRobots(ctx context.Context, u *url.URL, caFile string) error {
	key := u.Scheme + "://" + u.Host
	c.mu.Lock()
	entry, known := c.robots[key]
	c.mu.Unlock()
	if !known || time.Now().After(entry.until) {
		rules, err := c.fetchRobots(ctx, u, caFile)
		if err != nil {
			return err
		}
		entry = robotsEntry{rules: rules, until: time.Now().Add(robotsAge)}
		c.mu.Lock()
		if len(c.robots) >= 512 {
			clear(c.robots)
		}
		c.robots[key] = entry
		c.mu.Unlock()
	}
	if !allowed(entry.rules, u) {
		return &feeds.Error{Fault: feeds.Refused, Err: errors.New("robots.txt of the site forbids it")}
	}
	return nil
}

func (c *Client) fetchRobots(ctx context.Context, u *url.URL, caFile string) ([]robotsRule, error) {
	at := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	for range 5 { // RFC 9309, 2.3.1.2: five redirects at least
		page, next, err := c.exchange(ctx, at, feeds.Request{CAFile: caFile})
		switch f := feeds.FaultOf(err); {
		case err == nil && next == nil:
			return parseRobots(page.Body, c.opts.UserAgent), nil
		case err == nil:
			at = next
		case f == feeds.Gone || f == feeds.Refused && !errors.Is(err, errGuard):
			return nil, nil // RFC 9309, 2.3.1.3: "unavailable" allows all
		default:
			return nil, err
		}
	}
	return nil, nil
}

// parseRobots returns the rules of the groups that name our product token, or of
// those for "*" (RFC 9309, 2.2). agent is a User-Agent: its product token counts.
func parseRobots(body []byte, agent string) []robotsRule {
	token := strings.ToLower(agent)
	if i := strings.IndexAny(token, "/ "); i >= 0 {
		token = token[:i]
	}
	var ours, others []robotsRule
	named, star, inRules, found := false, false, true, false
	if len(body) > maxRobots { // half a rule would be another rule
		body = body[:max(bytes.LastIndexAny(body[:maxRobots], "\r\n"), 0)]
	}
	text := strings.TrimPrefix(string(body), "\ufeff")
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line, _, _ := strings.Cut(line, "#")
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch key = strings.ToLower(strings.TrimSpace(key)); key {
		case "user-agent":
			if inRules {
				named, star, inRules = false, false, false
			}
			named = named || strings.EqualFold(value, token)
			star = star || value == "*"
			found = found || named
		case "allow", "disallow":
			inRules = true
			if value == "" || len(ours)+len(others) >= mostRules || strings.Count(value, "*") > 20 {
				continue
			}
			rule := newRule(key == "allow", value)
			if named {
				ours = append(ours, rule)
			}
			if star {
				others = append(others, rule)
			}
		}
	}
	if found {
		return ours
	}
	return others
}

// allowed applies the longest matching rule; of equals, allow wins (RFC 9309, 2.2.2).
func allowed(rules []robotsRule, u *url.URL) bool {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	path = unescapePath(path)
	best, allow := -1, true
	for _, r := range rules {
		if n := r.length; (n > best || n == best && r.allow) && r.matches(path) {
			best, allow = n, r.allow
		}
	}
	return allow
}

// unescapePath makes percent-encoded and plain forms of a path comparable.
func unescapePath(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// matches reports whether the rule matches the beginning of path. It takes time
// linear in the path for each *, so a hostile pattern costs little.
func (r robotsRule) matches(path string) bool {
	if !strings.HasPrefix(path, r.parts[0]) {
		return false
	}
	path = path[len(r.parts[0]):]
	last := len(r.parts) - 1
	if last == 0 {
		return !r.anchored || path == ""
	}
	for i, part := range r.parts[1:] {
		if r.anchored && i+1 == last {
			return strings.HasSuffix(path, part)
		}
		at := strings.Index(path, part)
		if at < 0 {
			return false
		}
		path = path[at+len(part):]
	}
	return true
}
