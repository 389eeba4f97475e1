package extract

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// vietnamTime is the zone of every date that names none. Vietnam has kept
// UTC+7 without daylight saving since 1975.
var vietnamTime = time.FixedZone("+07", 7*60*60)

var (
	dateISO     = regexp.MustCompile(`\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})`)
	dateMonth   = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th)?[ -](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[ -](\d{4}|\d{2})\b`)
	dateUS      = regexp.MustCompile(`\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (\d{1,2}),? (\d{4})\b`)
	dateWords   = regexp.MustCompile(`\b(\d{1,2}) tháng (\d{1,2})(?: năm|,)? (\d{4})\b`)
	dateNumeric = regexp.MustCompile(`\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})\b`)
	clock       = regexp.MustCompile(`(?:^|[^\d:+.-])(\d{1,2})(?::| giờ | ?h ?| ?g ?)(\d{2})?(?::(\d{2})(?:[.,]\d+)?)?(?: ?(am|pm|sa|ch)\b)?`)
	zoneOffset  = regexp.MustCompile(`([+-])(\d{1,2})(?::?(\d{2}))?\b`)
	zoneName    = regexp.MustCompile(`\b(ict|gmt|utc|ut|est|edt|cst|cdt|mst|mdt|pst|pdt|z)\b`)
	dcDate      = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)\+07(?:00)?(\d\d:\d\d:\d\d)$`) // VHV's broken DC.Date
	weekday     = regexp.MustCompile(`\b(thứ (hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật|cn)\b`)
)

var zoneHours = map[string]int{"ict": 7, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

// ParseDate reads a date in any form that departments' sites are known to send:
// RFC 822 and 3339 with their usual damage, day-first and .NET's month-first
// numbers, Vietnamese words. A date without a zone is Vietnam's; one without a
// time of day is midnight there. ok is false if s holds no possible date; one before
// 1990, when nobody published on the web, is a machine's zero.
func ParseDate(s string) (t time.Time, ok bool) {
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	s = strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(s)), " "))
	if m := dcDate.FindStringSubmatch(s); m != nil {
		s = m[1] + " " + m[2] + " +07:00"
	}
	s = weekday.ReplaceAllString(s, " ")
	year, month, day, rest, monthFirst, ok := findDate(s)
	if !ok {
		return time.Time{}, false
	}
	hour, minute, second, half, rest, ok := findClock(rest)
	if !ok {
		return time.Time{}, false
	}
	if monthFirst && (half == "am" || half == "pm") && day <= 12 { // .NET: 9/14/2026 6:44:00 PM
		month, day = day, month
	} else if month > 12 {
		month, day = day, month
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, 0, findZone(rest))
	if month < 1 || month > 12 || t.Day() != day || year < 1990 || year > 9999 {
		return time.Time{}, false
	}
	return t, true
}

// findDate cuts the first date out of s. ambiguous is set when day and month are
// both bare numbers, so that the clock's AM or PM may swap them.
func findDate(s string) (year, month, day int, rest string, ambiguous, ok bool) {
	cut := func(form *regexp.Regexp) []string {
		at := form.FindStringSubmatchIndex(s)
		if at == nil {
			return nil
		}
		m := form.FindStringSubmatch(s)
		rest = s[:at[0]] + " " + s[at[1]:]
		return m
	}
	if m := cut(dateISO); m != nil {
		return atoi(m[1]), atoi(m[2]), atoi(m[3]), rest, false, true
	}
	if m := cut(dateMonth); m != nil {
		return fullYear(m[3]), monthNumber(m[2]), atoi(m[1]), rest, false, true
	}
	if m := cut(dateUS); m != nil {
		return atoi(m[3]), monthNumber(m[1]), atoi(m[2]), rest, false, true
	}
	if m := cut(dateWords); m != nil {
		return atoi(m[3]), atoi(m[2]), atoi(m[1]), rest, false, true
	}
	if m := cut(dateNumeric); m != nil {
		return fullYear(m[3]), atoi(m[2]), atoi(m[1]), rest, true, true
	}
	return 0, 0, 0, s, false, false
}

// findClock cuts the first time of day out of s; none is midnight.
func findClock(s string) (hour, minute, second int, half, rest string, ok bool) {
	at := clock.FindStringIndex(s)
	if at == nil {
		return 0, 0, 0, "", s, true
	}
	m := clock.FindStringSubmatch(s)
	hour, minute, second, half = atoi(m[1]), atoi(m[2]), atoi(m[3]), m[4]
	switch {
	case (half == "pm" || half == "ch") && hour < 12:
		hour += 12
	case (half == "am" || half == "sa") && hour == 12:
		hour = 0
	}
	return hour, minute, second, half, s[at[1]:], hour < 24 && minute < 60 && second < 60
}

// findZone reads the zone from what is left behind the clock.
func findZone(s string) *time.Location {
	if m := zoneOffset.FindStringSubmatch(s); m != nil {
		offset := atoi(m[2])*3600 + atoi(m[3])*60
		if offset <= 14*3600 {
			if m[1] == "-" {
				offset = -offset
			}
			return time.FixedZone("", offset)
		}
	}
	if m := zoneName.FindString(s); m != "" {
		return time.FixedZone("", zoneHours[m]*3600)
	}
	return vietnamTime
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // the expressions pass digits only; none is 0
	return n
}

func fullYear(s string) int {
	if n := atoi(s); len(s) > 2 || n < 0 {
		return n
	} else if n < 70 {
		return 2000 + n
	} else {
		return 1900 + n
	}
}

func monthNumber(name string) int {
	return strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", name)/3 + 1
}
