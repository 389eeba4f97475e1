package publishtest

import "testing"

func TestJSONFindsEachViolation(t *testing.T) {
	run(t, good(t, "good.json"), JSON, []mutation{
		{`{`, "\ufeff{", ruleJSON},
		{`Bài hai`, "B\xe0i", ruleJSON},
		{`"title": "Giáo dục",`, `"title": "Giáo dục", "title": "Hai",`, ruleJSON},
		{`"expired": false,`, `"expired": false,,`, ruleJSON},
		{`Bài hai`, `Bài\u0008`, ruleChars},
		{`Bài hai`, `Ba\u0300i`, ruleNFC},
		{`version/1.1`, `version/1`, "the version is https://jsonfeed.org/version/1.1"},
		{`"title": "Giáo dục",`, ``, "a feed has a title"},
		{`"title": "Giáo dục",`, `"title": " ",`, ruleEmpty},
		{`"feed_url": "https://gomtin.example/giao-duc.json",`, ``, "a public feed has a feed_url"},
		{`giao-duc.json?page=2`, `giao-duc.json`, "next_url is not feed_url"},
		{`"icon": "https:`, `"icon": "`, ruleLink},
		{`"language": "vi"`, `"language": "Vietnamese!"`, ruleLanguage},
		{`"expired": false`, `"expired": "no"`, "is of the type"},
		{`"language": "vi"`, `"language": null`, "is of the type"},
		{`mailto:bien-tap@gomtin.example`, `mailto:gomtin.example`, ruleLink},
		{`{"name": "Nguyễn Văn A"}`, `{}`, "an author has a name"},
		{`"authors": [{"name": "Nguyễn Văn A"}]`, `"author": {"name": "A"}`, "authors, not author"},
		{`"type": "WebSub", `, ``, "a hub has a type"},
		{`"_gomtin": {`, `"gomtin": {`, "a name that the format does not know"},
		{`"_gomtin": {`, `"_1": {`, ruleExtension},
		{`"topics": 1`, `"_topics": 1`, ruleExtension},
		{`"topics": 1}`, `"topics": 1}, "_ttl": 5`, ruleExtension},
		{`"id": "9",`, ``, "an item has an id"},
		{`"id": "9"`, `"id": 9`, "is of the type"},
		{`"id": "9"`, `"id": "tag:gomtin.example,2026-03-01:8"`, ruleUniqueID},
		{`"url": "https://bao.example/tin/9",`, ``, ruleAlternate},
		{`"content_text": "Bài hai"`, `"title": "Bài hai"`, "has content_html or content_text"},
		{`</a></p>`, `</p>`, ruleBalanced},
		{`href=\"https:`, `href=\"`, ruleContent},
		{`<p>Chữ`, `<p onclick=\"x\">Chữ`, ruleHandler},
		{`"2026-03-01T08:00:00+07:00"`, `"2026-03-01"`, ruleJSONDate},
		{`"2026-03-02T08:00:00+07:00"`, `"2999-03-02T08:00:00+07:00"`, ruleFuture},
		{`"2026-03-02T08:00:00+07:00"`, `"2026-03-01T00:59:59Z"`, ruleOrder},
		{`["tuyển sinh"]`, `[""]`, ruleEmpty},
		{`["tuyển sinh"]`, `[1]`, "a tag is a string"},
		{`"mime_type": "audio/mpeg", `, ``, "an attachment has a mime_type"},
		{`"audio/mpeg"`, `"mp3"`, ruleMediaType},
		{`"size_in_bytes": 1024`, `"size_in_bytes": -1`, ruleLength},
		{`61.5`, `-61.5`, "a duration is a number of seconds"},
	})
}

func TestJSONAsksForItemsEvenIfEmpty(t *testing.T) {
	const doc = `{"version": "https://jsonfeed.org/version/1.1", "title": "A", "home_page_url": "https://a.example/", "feed_url": "https://a.example/f", "items": []}`
	for _, v := range JSON([]byte(doc)) {
		t.Error(v)
	}
	run(t, doc, JSON, []mutation{
		{`, "items": []`, ``, "a feed has an array of items"},
		{`"items": []`, `"items": null`, "is of the type"},
		{`"items": []`, `"items": [1]`, "an item is an object"},
		{doc, doc + `{}`, ruleJSON},
		{doc, `[]`, "a feed is an object"},
	})
}
