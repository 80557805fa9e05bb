package main

import (
	"iter"
	"testing"

	"github.com/alecthomas/kong"
)

// commands returns the names of all commands, as they are typed.
func commands(t *testing.T) iter.Seq[string] {
	t.Helper()
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string) bool) {
		for _, leaf := range parser.Model.Leaves(true) {
			name := leaf.Name
			for p := leaf.Parent; p != nil && p.Type == kong.CommandNode; p = p.Parent {
				name = p.Name + " " + name
			}
			if !yield(name) {
				return
			}
		}
	}
}
