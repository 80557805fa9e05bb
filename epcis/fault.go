package epcis

import (
	"fmt"
	"strconv"
	"strings"
)

// A fault is a refusal with the place in the event or document that it is about.
type fault struct {
	path string
	err  error
}

func (f *fault) Error() string { return f.path + ": " + f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// at says that err is about the member name.
func at(name string, err error) error {
	if err == nil {
		return nil
	}
	if f, ok := err.(*fault); ok {
		dot := "."
		if strings.HasPrefix(f.path, "[") {
			dot = ""
		}
		return &fault{name + dot + f.path, f.err}
	}
	return &fault{name, err}
}

// atItem says that err is about an item of a list.
func atItem(i int, err error) error {
	if err == nil {
		return nil
	}
	return at("["+strconv.Itoa(i)+"]", err)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrInvalid)
}

// label makes a name from a document fit for an error text.
func label(name string) string {
	const enough = 60
	if len(name) > enough {
		name = name[:enough] + "…"
	}
	return strconv.Quote(name)
}
