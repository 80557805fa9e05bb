package genuine

import (
	"fmt"
	"io"
)

// redacted is what secrets print as. Fmt calls no method of a field that is not
// exported: a struct that may be printed has them in exported fields.
const redacted = "[secret]"

func redact(f fmt.State) {
	_, _ = io.WriteString(f, redacted) // fmt keeps what its writer says
}
