package extract

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

var (
	brokenScheme = regexp.MustCompile(`^(?i)(https?):/*([^/])`)
	loosePercent = regexp.MustCompile(`%([^0-9a-fA-F]|[0-9a-fA-F][^0-9a-fA-F]|[0-9a-fA-F]?$)`)
	tracking     = regexp.MustCompile(`^(?i)(utm_\w+|fbclid|gclid|zarsrc|mc_cid|mc_eid|igshid|_ga|yclid|msclkid)$`)
)

// absolute resolves an address found in a page at base, mends a broken scheme
// (http:/x, https:///x), and takes out tracking parameters. It returns "" for
// what is not an http or https address.
func absolute(base *url.URL, ref string) string {
	u := resolve(base, ref)
	if u == nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	u.User = nil
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		host = strings.ToLower(u.Hostname()) // an address, or a name that only its server understands
		if !plainHost.MatchString(host) {
			return ""
		}
	}
	port := u.Port()
	u.Host = host
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host += ":" + port
	}
	u.RawQuery = escapeQuery(withoutTracking(u.RawQuery))
	return u.String()
}

var plainHost = regexp.MustCompile(`^[a-z0-9._:-]+$`)

// escapeQuery encodes what may not stand in a query (RFC 3986, 3.4) and leaves
// the rest as it is.
func escapeQuery(q string) string {
	var b strings.Builder
	for i := range len(q) {
		c := q[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// resolve is [url.URL.Parse] for addresses as people type them.
func resolve(base *url.URL, ref string) *url.URL {
	ref = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, strings.TrimSpace(ref))
	if ref == "" {
		return nil
	}
	ref = brokenScheme.ReplaceAllString(ref, "$1://$2")
	ref = strings.ReplaceAll(strings.ReplaceAll(ref, `\`, "/"), " ", "%20")
	u, err := url.Parse(ref)
	if err != nil { // perhaps a % that begins no escape
		if u, err = url.Parse(loosePercent.ReplaceAllString(ref, "%25$1")); err != nil {
			return nil
		}
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	return u
}

// withoutTracking keeps the other parameters as they were, in their order.
func withoutTracking(query string) string {
	if query == "" {
		return ""
	}
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !tracking.MatchString(name) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}
