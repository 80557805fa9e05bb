package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	testName = regexp.MustCompile(`^(Test|Fuzz|Example|Benchmark)[A-Z]\w*$`)
	fileName = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+$|^[\w-]+\.(go|mjs|md)$`)
	link     = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
)

// What documents name is there: every test, every file and folder of ours, every
// link to another document.
func TestDocumentsNameWhatIs(t *testing.T) {
	tests, files := declared(t)
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	papers, err := filepath.Glob("../../docs/papers/*.md")
	if err != nil {
		t.Fatal(err)
	}
	docs = append(append(docs, papers...), "../../README.md")
	for _, doc := range docs {
		raw, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(raw), -1) {
			name := strings.TrimSuffix(m[1], "/")
			switch {
			case testName.MatchString(name) && !tests[name]:
				t.Errorf("%s names %s, which no package has", doc, name)
			case fileName.MatchString(name) && ours(name) && !files[name]:
				t.Errorf("%s names %s, which is not there", doc, name)
			}
		}
		for _, m := range link.FindAllStringSubmatch(string(raw), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
			}
		}
	}
}

// ours reports whether a path begins with a folder of the module, so that it is
// no module path, type of media or route.
func ours(path string) bool {
	if strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".mjs") {
		return true
	}
	top, _, _ := strings.Cut(path, "/")
	info, err := os.Stat(filepath.Join("../..", top))
	return err == nil && info.IsDir() && strings.Contains(path, "/")
}

// declared returns the names of all test functions of the module, and of all its
// files and folders: by their path, and files by their name alone too.
func declared(t *testing.T) (tests, files map[string]bool) {
	t.Helper()
	tests, files = map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel("../..", path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)] = true
		if d.IsDir() && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		files[d.Name()] = true
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && testName.MatchString(fn.Name.Name) {
				tests[fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil || len(tests) < 100 {
		t.Fatalf("%d tests found: %v", len(tests), err)
	}
	return tests, files
}
