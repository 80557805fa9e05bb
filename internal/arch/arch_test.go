package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "theriac"

// strange are folders of what others wrote or a tool made.
var strange = []string{"node_modules", "dist", "bin"}

// layerOf returns the layer of a package by its folder, or -1.
func layerOf(dir string) int {
	for i, layer := range layers {
		for _, p := range layer {
			if p == dir || strings.HasSuffix(p, "/…") && strings.HasPrefix(dir, strings.TrimSuffix(p, "…")) {
				return i
			}
		}
	}
	return -1
}

// files returns the module's Go files that are not tests, by package folder.
// They are read here, not by go list, whose result go test would cache.
func files(t *testing.T) map[string][]*ast.File {
	t.Helper()
	root := filepath.Join("..", "..")
	out := map[string][]*ast.File{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && rel != "." || strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "testdata" || slices.Contains(strange, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(rel))
		out[dir] = append(out[dir], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 3 {
		t.Fatalf("found %d packages: the test looks in the wrong place", len(out))
	}
	return out
}

func TestImportsGoDown(t *testing.T) {
	for dir, fs := range files(t) {
		if slices.Contains(testOnly, dir) {
			continue
		}
		layer := layerOf(dir)
		if layer < 0 {
			t.Errorf("package %s has no layer: give it one in arch.go and docs/architecture.md", dir)
			continue
		}
		for _, f := range fs {
			for _, spec := range f.Imports {
				name, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				checkImport(t, dir, layer, name)
			}
		}
	}
}

func checkImport(t *testing.T, dir string, layer int, name string) {
	t.Helper()
	if layer < pure && slices.Contains(outside, name) {
		t.Errorf("%s imports %s, which does I/O: pass what it needs as an argument", dir, name)
	}
	inner := strings.TrimPrefix(strings.TrimPrefix(name, module), "/")
	if name != module && !strings.HasPrefix(name, module+"/") {
		return
	}
	if inner == "" {
		inner = "."
	}
	if slices.Contains(testOnly, inner) {
		t.Errorf("%s imports %s, which is for tests", dir, inner)
	}
	if to := layerOf(inner); to < 0 || to >= layer {
		t.Errorf("%s (layer %d) imports %s (layer %d)", dir, layer, inner, to)
	}
	if strings.HasPrefix(inner, "internal/paper") && !slices.Contains(paperUsers, dir) {
		t.Errorf("%s imports %s: the printed equations are for tests and benchmarks", dir, inner)
	}
}

func TestPurePackagesReadNoClock(t *testing.T) {
	for dir, fs := range files(t) {
		if layer := layerOf(dir); layer < 0 || layer >= pure {
			continue
		}
		for _, f := range fs {
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(banned, x.Name+"."+sel.Sel.Name) {
					t.Errorf("%s calls %s.%s: take the time as an argument", dir, x.Name, sel.Sel.Name)
				}
				return true
			})
		}
	}
}

// Every layer's entry is a folder of the module, so that the page names no ghosts.
func TestLayersExist(t *testing.T) {
	have := files(t)
	for _, layer := range layers {
		for _, p := range layer {
			if strings.HasSuffix(p, "/…") {
				continue
			}
			if _, ok := have[path.Clean(p)]; !ok {
				t.Errorf("layer entry %s has no Go files", p)
			}
		}
	}
}
