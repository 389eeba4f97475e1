package feeds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Identity returns what tells an article from the others of its department: the
// source's guid, else its link, else its title and text. Nothing of it depends
// on time or on the machine, so a rebuilt database gives the same.
func (a *Article) Identity() string {
	switch {
	case a.GUID != "":
		return "guid:" + a.GUID
	case a.Link != "":
		return "link:" + LinkKey(a.Link)
	default:
		return "text:" + a.Title + "\n" + string(a.Content)
	}
}

// NewArticleID makes the public id of an article with the given identity. The
// department is hashed with it, so no source can take over another's entry.
func NewArticleID(department DepartmentID, identity string) ArticleID {
	sum := sha256.Sum256([]byte(string(department) + "\x00" + identity))
	return ArticleID(hex.EncodeToString(sum[:10]))
}

// Valid reports whether id has the form that [NewArticleID] gives.
func (id ArticleID) Valid() bool { return articleID.MatchString(string(id)) }

var articleID = regexp.MustCompile(`^[0-9a-f]{20}$`)

// EntryID returns the article's tag URI (RFC 4151) under the site's tag.
func (s Site) EntryID(id ArticleID) string { return "tag:" + s.Tag + ":" + string(id) }

// slugForm is what topic and department ids look like.
var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// ValidSlug reports whether s can name a topic or department in an address.
func ValidSlug(s string) bool { return len(s) <= 64 && slugForm.MatchString(s) }

// LinkKey reduces a link to what tells pages apart: http and https, a leading
// "www.", a trailing slash and a fragment make no difference.
func LinkKey(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return link
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	key := host + strings.TrimSuffix(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		key += "?" + u.RawQuery
	}
	return key
}

// Digest sums up what a reader would call the article: title, text, link and
// attachments. White space, markup, pictures and the order of attributes do not
// count: an article with the same digest was not corrected.
func (a *Article) Digest() string {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	part(a.Title)
	part(strings.Join(strings.Fields(a.Content.Text()), " "))
	part(LinkKey(a.Link))
	for _, e := range a.Enclosures {
		part(e.URL)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
