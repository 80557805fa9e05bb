package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
)

// An operation is a column of the paper's Table 2.
type operation int

const (
	signing operation = iota
	verifying
	hashing
	comparing
	operationCount
)

// operations are how often each was done.
type operations [operationCount]int

// counted packages: where the product signs, hashes and checks.
var countedPackages = []string{
	"theriac", "theriac/canon", "theriac/chain", "theriac/envelope", "theriac/internal/chainstore", "theriac/internal/ledger",
	"theriac/internal/registry", "theriac/internal/supply", "theriac/lightclient", "theriac/merkle", "theriac/pedigree",
}

// A site is an operation in the source, which is done each time its block runs.
type site struct {
	at    point
	op    operation
	times int // comparisons in one condition
}

// in reports whether the site is in a block. Blocks do not overlap, but for
// function literals; none of the sites stands in one.
func (s site) in(b block) bool { return !s.at.before(b.from) && s.at.before(b.to) }

// findSites reads the source of the counted packages and returns the sites by the
// file's name as coverage has it.
func findSites(ctx context.Context) (map[string][]site, error) {
	out := map[string][]site{}
	args := append([]string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}, countedPackages...)
	raw, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		path, dir, _ := strings.Cut(line, " ")
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			found, err := fileSites(name)
			if err != nil {
				return nil, err
			}
			out[path+"/"+filepath.Base(name)] = found
		}
	}
	return out, nil
}

func fileSites(name string) ([]site, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []site
	add := func(n ast.Node, op operation, times int) {
		p := set.Position(n.Pos())
		out = append(out, site{point{p.Line, p.Column}, op, times})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if op, ok := callOf(n); ok {
				add(n, op, 1)
			}
		case *ast.IfStmt:
			if refuses(n.Body) {
				add(n, comparing, comparisons(n.Cond))
			}
		case *ast.SwitchStmt:
			// The conditions of a switch are asked one after another, in the block before it.
			times := 0
			for _, c := range n.Body.List {
				c := c.(*ast.CaseClause)
				if n.Tag == nil && refuses(&ast.BlockStmt{List: c.Body}) {
					for _, x := range c.List {
						times += comparisons(x)
					}
				}
			}
			add(n, comparing, times)
		}
		return true
	})
	return out, nil
}

// calls are the functions of the standard library that do an operation.
var calls = map[string]operation{
	"sha256.Sum256": hashing, "ecdsa.VerifyASN1": verifying, "ed25519.Verify": verifying,
}

// callOf returns the operation that a call does.
func callOf(c *ast.CallExpr) (operation, bool) {
	f, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return 0, false
	}
	// crypto.Signer's method is told by its options.
	if f.Sel.Name == "Sign" && len(c.Args) == 3 && name(c.Args[2]) == "crypto.SHA256" {
		return signing, true
	}
	op, ok := calls[name(f)]
	return op, ok
}

func name(x ast.Expr) string {
	s, ok := x.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	of, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return of.Name + "." + s.Sel.Name
}

// refuses reports whether a block makes an error: it returns something that is
// neither nil nor an error that came from elsewhere.
func refuses(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	r, ok := b.List[len(b.List)-1].(*ast.ReturnStmt)
	if !ok || len(r.Results) == 0 {
		return false
	}
	switch last := r.Results[len(r.Results)-1].(type) {
	case *ast.CallExpr: // fmt.Errorf and the like
		return true
	case *ast.SelectorExpr:
		return strings.HasPrefix(last.Sel.Name, "Err")
	case *ast.Ident:
		return strings.HasPrefix(last.Name, "Err")
	}
	return false
}

// comparisons counts the comparisons of a condition but those with nil, which ask
// whether something went wrong before.
func comparisons(x ast.Expr) (n int) {
	ast.Inspect(x, func(n2 ast.Node) bool {
		switch c := n2.(type) {
		case *ast.BinaryExpr:
			switch c.Op {
			case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				if !isNil(c.X) && !isNil(c.Y) {
					n++
				}
			}
		case *ast.CallExpr:
			if f, ok := c.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Equal" || f.Sel.Name == "Before" || f.Sel.Name == "After") {
				n++
			}
		}
		return true
	})
	return n
}

func isNil(x ast.Expr) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == "nil"
}
