package feeds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// SetIdentity decides what tells an article from the others of its department: its
// link if that is its own, else the guid of its source, else its title and text.
// Nothing of it depends on time or on the machine, so a rebuilt database gives the
// same; and a feed and a listing of one department, which have only the link in
// common, give the same too. Guids come second because systems repeat them: every
// NukeViet site has a news_1.
//
// linkShared says that other items of the same document have the link too.
func (a *Article) SetIdentity(linkShared bool) {
	switch {
	case a.Link != "" && !linkShared && ownPage(a.Link):
		a.Identity = "link:" + LinkKey(a.Link)
	case a.GUID != "":
		a.Identity = "guid:" + a.GUID
	default:
		a.Identity = "text:" + a.Title + "\n" + a.Content.Text()
	}
}

// ownPage reports whether a link can be that of one article: a home page is not.
func ownPage(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || routed(u.Fragment))
}

// routed reports whether a fragment names a page, as in /#/tin/1 and /#!tin/1.
func routed(fragment string) bool {
	return strings.HasPrefix(fragment, "/") || strings.HasPrefix(fragment, "!")
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
// "www.", a trailing slash and a place within the page make no difference.
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
	if routed(u.Fragment) {
		key += "#" + u.Fragment
	}
	return key
}

// Digest sums up what a reader would call the article: title, text, link and
// attachments. White space, markup, pictures and the order of attachments do not
// count: an article with the same digest was not corrected.
func (a *Article) Digest() string {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	part(a.Title)
	part(strings.Join(strings.Fields(a.Content.Text()), " "))
	part(LinkKey(a.Link))
	var files []string
	for _, e := range a.Enclosures {
		files = append(files, e.URL)
	}
	slices.Sort(files)
	part(strings.Join(files, " "))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
