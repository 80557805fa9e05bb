package genuine

import "strings"

// fragment is what a concealed code has before it where it follows a Digital Link. Behind
// # it stays in the browser: no server, log or referrer sees it.
const fragment = "c="

// Fragment returns the code as it follows # in the symbol under the coating.
func (c Code) Fragment() string { return fragment + printed.EncodeToString(c[:]) }

// CutFragment parts what was read off the symbol under the coating: the link, which may be
// asked about, and the code, which may not be sent; "" if there is none. Other parts of a
// fragment go with the code.
func CutFragment(text string) (link, code string) {
	link, behind, _ := strings.Cut(text, "#")
	for part := range strings.SplitSeq(behind, "&") {
		if c, ok := strings.CutPrefix(part, fragment); ok {
			return link, c
		}
	}
	return text, ""
}
