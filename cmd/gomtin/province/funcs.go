package province

import (
	"encoding/json"
	"html"
	"strings"
	"text/template"
	"time"
)

// funcs are what the systems' templates call.
var funcs = template.FuncMap{
	"html":     html.EscapeString,
	"upper":    strings.ToUpper,
	"body":     body,
	"nukeviet": nukeViet,
	"weekday":  func(t time.Time) string { return weekdays[t.Weekday()] },
	"vhvday":   func(t time.Time) string { return vhvDays[t.Weekday()] },
	"later":    func(t time.Time) time.Time { return t.Add(14*time.Minute + 15*time.Second) }, // VHV's meta differs from what it shows
	"first":    func(n int, all []*Article) []*Article { return all[:min(n, len(all))] },
	"last":     lastParagraph,
	"json": func(s string) (string, error) {
		data, err := json.Marshal(s)
		return string(data), err
	},
}

var (
	weekdays = [...]string{"Chủ nhật", "Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy"}
	vhvDays  = [...]string{"Chủ nhật", "Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7"}
)

// nukeViet escapes as nv_htmlspecialchars does.
func nukeViet(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;", "/", "&#x002F;", "(", "&#40;", ")", "&#41;", ":", "&#x3A;", ",", "&#x002C;").Replace(s)
}

// lastParagraph reports whether the i-th block is the last one of text.
func lastParagraph(i int, blocks []Block) bool {
	for j := i + 1; j < len(blocks); j++ {
		if blocks[j].Picture == "" && blocks[j].File == "" {
			return false
		}
	}
	return true
}
