package extract

import (
	"path"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

var (
	imageName = regexp.MustCompile(`(?i)\.(jpe?g|png|gif|webp|avif)(\?|$)`)
	// dateline is how portals begin a lead: "(binhdinh.gov.vn) - ", "(BĐ) – ".
	dateline = regexp.MustCompile(`^\s*[(\[]\s*(?:(?:[\w-]+\.)+[a-z]{2,}|[A-ZĐ]{2,8})\s*[)\]]\s*[-–—:.]?\s*`)
	// endMark is how an official text ends: "./."
	endMark = regexp.MustCompile(`\s*\./\.?\s*$`)
	// authorLine is the line that names the author, below the body.
	authorLine = regexp.MustCompile(`^\s*(?:Tác giả|Tác giả bài viết|Người viết|Bài và ảnh|Tin, ảnh|Tin ảnh)\s*:\s*(.{2,80}?)\s*$`)
)

// trimEndMark takes the end mark off, and leaves a full stop.
func trimEndMark(s string) string {
	trimmed := endMark.ReplaceAllString(s, "")
	if trimmed == s || trimmed == "" || strings.HasSuffix(trimmed, "…") || strings.ContainsAny(trimmed[len(trimmed)-1:], ".!?") {
		return trimmed
	}
	return trimmed + "."
}

func trimDateline(s string) string { return dateline.ReplaceAllString(s, "") }

// fileTypes are the attachments that departments publish.
var fileTypes = map[string]string{
	".pdf": "application/pdf", ".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text", ".zip": "application/zip", ".rar": "application/vnd.rar", ".7z": "application/x-7z-compressed",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".webm": "video/webm",
}

var typeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$`) // RFC 6838, 4.2

// mediaType returns declared, or what the address's ending tells.
func mediaType(at, declared string) string {
	if declared = strings.ToLower(strings.TrimSpace(declared)); typeForm.MatchString(declared) {
		return declared
	}
	name, _, _ := strings.Cut(at, "?")
	if t := fileTypes[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// isFile reports whether an address is that of an attachment.
func isFile(at string) bool {
	name, _, _ := strings.Cut(at, "?")
	return fileTypes[strings.ToLower(path.Ext(name))] != ""
}

// trimHabits takes out of an article's text what every article of a portal has:
// the dateline before it and the end mark behind it.
func trimHabits(content feeds.SafeHTML) feeds.SafeHTML {
	if !strings.Contains(string(content), "./.") && !dateline.MatchString(content.Text()) {
		return content
	}
	nodes, err := fragment(string(content))
	if err != nil {
		return content
	}
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	cutDateline(root)
	cutEndMark(root)
	return sanitizeNodes(children(root), nil)
}

func children(n *html.Node) []*html.Node {
	var all []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		all = append(all, c)
	}
	return all
}

// textNodes returns the text below n, in order, without white-space-only nodes.
func textNodes(n *html.Node) []*html.Node {
	var all []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.TextNode && strings.TrimSpace(d.Data) != "" {
			all = append(all, d)
		}
	}
	return all
}

// cutDateline removes the dateline, which may be spread over several elements.
func cutDateline(root *html.Node) {
	texts := textNodes(root)
	head := ""
	for _, n := range texts[:min(len(texts), 4)] {
		head += n.Data
	}
	rest := len(dateline.FindString(head))
	for _, n := range texts {
		cut := min(rest, len(n.Data))
		n.Data = n.Data[cut:]
		if rest -= cut; rest == 0 {
			return
		}
	}
}

func cutEndMark(root *html.Node) {
	texts := textNodes(root)
	for i := len(texts) - 1; i >= 0 && i >= len(texts)-3; i-- {
		if trimmed := trimEndMark(texts[i].Data); trimmed != texts[i].Data {
			texts[i].Data = trimmed
			return
		}
	}
}

// cutAuthor takes the line that names the author out of the end of a body and
// returns the name.
func cutAuthor(root *html.Node) string {
	blocks := textBlocks(root)
	for i := len(blocks) - 1; i >= 0 && i >= len(blocks)-4; i-- {
		if m := authorLine.FindStringSubmatch(nodeText(blocks[i])); m != nil {
			blocks[i].Parent.RemoveChild(blocks[i])
			return strings.TrimRight(m[1], " .")
		}
	}
	return ""
}

// textBlocks returns the innermost block elements that hold text, in order.
func textBlocks(root *html.Node) []*html.Node {
	var all []*html.Node
	for d := range root.Descendants() {
		if d.Type == html.ElementNode && isBlock(d.DataAtom) && !hasBlock(d) && nodeText(d) != "" {
			all = append(all, d)
		}
	}
	return all
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Li, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Figcaption, atom.Section, atom.Article, atom.Td:
		return true
	}
	return false
}

func hasBlock(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && isBlock(d.DataAtom) {
			return true
		}
	}
	return false
}

// nodeText returns the text below n on one line.
func nodeText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			b.WriteString(d.Data)
		case d.DataAtom == atom.Br || isBlock(d.DataAtom):
			b.WriteByte(' ')
		}
	}
	return viet.Clean(b.String())
}
