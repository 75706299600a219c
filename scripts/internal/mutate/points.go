// Where a package can be changed: one mutant a change, each with the text
// that stands for the original and switches to it.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"regexp"
	"strings"
)

// A Mutant is one small change of meaning.
type Mutant struct {
	ID       int // within its package, from 1
	File     string
	Line     int
	Func     string
	Op       string // boundary, negation, logical, arithmetic, assignment, step, loop, return, removal
	From, To string
	Nth      int // of those with equal words in one function, from 1
}

// Key names a mutant so that it is found again when lines move.
func (m Mutant) Key() string {
	key := fmt.Sprintf("%s %s %s: %s -> %s", m.File, m.Func, m.Op, m.From, m.To)
	if m.Nth > 1 {
		key += fmt.Sprintf(" #%d", m.Nth)
	}
	return key
}

// A wrap is what is written before and after a piece of a file.
type wrap struct {
	from, to      int
	before, after string
}

// points collects the mutants of one file.
type points struct {
	fset    *token.FileSet
	info    *types.Info
	pkg     *types.Package
	imports map[string]string // path to the name the file has for it
	source  []byte
	file    string
	next    int // the id of the next mutant
	seen    map[string]int
	mutants []Mutant
	wraps   []wrap
	fn      string
	results []*ast.FieldList // of the functions around
	depth   []ast.Node
}

// function walks one body.
func (p *points) function(name string, results *ast.FieldList, body *ast.BlockStmt) {
	if body == nil {
		return
	}
	p.fn, p.results = name, append(p.results, results)
	ast.Inspect(body, p.visit)
	p.results = p.results[:len(p.results)-1]
}

func (p *points) visit(n ast.Node) bool {
	if n == nil {
		p.depth = p.depth[:len(p.depth)-1]
		return true
	}
	switch n := n.(type) {
	case *ast.FuncLit:
		depth := p.depth
		p.depth = nil
		p.function(p.fn, n.Type.Results, n.Body)
		p.depth = depth
		return false
	case *ast.BlockStmt:
		p.statements(n.List)
	case *ast.CaseClause:
		p.statements(n.Body)
		if s, ok := p.depth[len(p.depth)-2].(*ast.SwitchStmt); ok && s.Tag == nil {
			for _, e := range n.List {
				p.condition(e)
			}
		}
	case *ast.CommClause:
		p.statements(n.Body)
	case *ast.IfStmt:
		p.condition(n.Cond)
	case *ast.ForStmt:
		p.condition(n.Cond)
	case *ast.BinaryExpr:
		p.binary(n)
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "make" {
			return false // how much room is made changes no meaning
		}
	}
	p.depth = append(p.depth, n)
	return true
}

var (
	boundary   = map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}
	negation   = map[token.Token]token.Token{token.LSS: token.GEQ, token.LEQ: token.GTR, token.GTR: token.LEQ, token.GEQ: token.LSS, token.EQL: token.NEQ, token.NEQ: token.EQL}
	logical    = map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}
	arithmetic = map[token.Token]token.Token{token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL, token.AND: token.OR, token.OR: token.AND, token.XOR: token.AND, token.SHL: token.SHR, token.SHR: token.SHL}
	assignment = map[token.Token]token.Token{token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN, token.MUL_ASSIGN: token.QUO_ASSIGN, token.QUO_ASSIGN: token.MUL_ASSIGN, token.AND_ASSIGN: token.OR_ASSIGN, token.OR_ASSIGN: token.AND_ASSIGN, token.XOR_ASSIGN: token.AND_ASSIGN, token.SHL_ASSIGN: token.SHR_ASSIGN, token.SHR_ASSIGN: token.SHL_ASSIGN}
)

// binary changes an operator. The original operands stand in the changed
// half, for only one mutant is on at a time.
func (p *points) binary(e *ast.BinaryExpr) {
	tv := p.info.Types[e]
	if tv.Value != nil {
		return
	}
	var kind string
	var to []token.Token
	switch {
	case negation[e.Op] != 0:
		if b := boundary[e.Op]; b != 0 {
			p.operator(e, "boundary", "bool", b)
		}
		kind, to = "negation", []token.Token{negation[e.Op]}
	case logical[e.Op] != 0:
		kind, to = "logical", []token.Token{logical[e.Op]}
	case arithmetic[e.Op] != 0:
		kind, to = "arithmetic", []token.Token{arithmetic[e.Op]}
	default:
		return
	}
	typ := "bool"
	if basic, ok := tv.Type.Underlying().(*types.Basic); kind == "arithmetic" {
		name, nameable := p.typeName(tv.Type)
		if !ok || basic.Info()&types.IsInteger == 0 || !nameable {
			return
		}
		typ = name
	}
	if kind != "arithmetic" {
		if t, ok := tv.Type.(*types.Basic); !ok || t.Info()&types.IsBoolean == 0 {
			return
		}
	}
	p.operator(e, kind, typ, to[0])
}

func (p *points) operator(e *ast.BinaryExpr, kind, typ string, op token.Token) {
	x, y := p.text(e.X), p.text(e.Y)
	if v := p.info.Types[e.Y].Value; op == token.QUO && v != nil && v.ExactString() == "0" {
		return
	}
	id := p.add(e, kind, p.text(e), x+" "+op.String()+" "+y)
	p.put(e, fmt.Sprintf("func() %s { if mutant_(%d) { return %s %s %s }; return ", typ, id, x, op, y), " }()")
}

// condition is the other way round, where no operator in it is changed.
func (p *points) condition(e ast.Expr) {
	if e == nil || p.info.Types[e].Value != nil {
		return
	}
	if b, ok := e.(*ast.BinaryExpr); ok && (negation[b.Op] != 0 || logical[b.Op] != 0) {
		return
	}
	if t, ok := p.info.TypeOf(e).(*types.Basic); !ok || t.Info()&types.IsBoolean == 0 {
		return
	}
	id := p.add(e, "negation", p.text(e), "!("+p.text(e)+")")
	p.put(e, "((", fmt.Sprintf(") != mutant_(%d))", id))
}

func (p *points) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			p.call(s)
		case *ast.AssignStmt:
			p.assign(s)
		case *ast.IncDecStmt:
			p.step(s)
		case *ast.BranchStmt:
			p.loop(s)
		case *ast.ReturnStmt:
			p.returned(s)
		}
	}
}

// room is what only asks for capacity.
var room = regexp.MustCompile(`\.Grow\(|^clip\(`)

func (p *points) call(s *ast.ExprStmt) {
	c, ok := s.X.(*ast.CallExpr)
	if !ok || room.MatchString(p.text(s)) {
		return
	}
	if f, ok := c.Fun.(*ast.Ident); ok && f.Name == "panic" {
		return
	}
	p.remove(s)
}

func (p *points) assign(s *ast.AssignStmt) {
	if s.Tok == token.DEFINE {
		return
	}
	if only, ok := s.Lhs[0].(*ast.Ident); ok && len(s.Lhs) == 1 && only.Name == "_" {
		return
	}
	if op := assignment[s.Tok]; op != 0 {
		if basic, ok := p.info.TypeOf(s.Lhs[0]).Underlying().(*types.Basic); ok && basic.Info()&types.IsInteger != 0 {
			to := p.text(s.Lhs[0]) + " " + op.String() + " " + p.text(s.Rhs[0])
			id := p.add(s, "assignment", p.text(s), to)
			p.put(s, fmt.Sprintf("if mutant_(%d) { %s } else { ", id, to), " }")
		}
	}
	p.remove(s)
}

func (p *points) step(s *ast.IncDecStmt) {
	op := map[token.Token]string{token.INC: "--", token.DEC: "++"}[s.Tok]
	id := p.add(s, "step", p.text(s), p.text(s.X)+op)
	p.put(s, fmt.Sprintf("if mutant_(%d) { %s%s } else { ", id, p.text(s.X), op), " }")
	p.remove(s)
}

// loop goes on where it would end and the other way round.
func (p *points) loop(s *ast.BranchStmt) {
	if s.Label != nil || s.Tok != token.BREAK && s.Tok != token.CONTINUE || !p.inLoop() {
		return
	}
	to := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[s.Tok]
	id := p.add(s, "loop", s.Tok.String(), to)
	p.put(s, fmt.Sprintf("if mutant_(%d) { %s }; ", id, to), "")
}

func (p *points) inLoop() bool {
	for _, n := range p.depth {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		}
	}
	return false
}

func (p *points) remove(s ast.Stmt) {
	id := p.add(s, "removal", p.text(s), "nothing")
	p.put(s, fmt.Sprintf("if !mutant_(%d) { ", id), " }")
}

// returned changes one result at a time into the zero value, a bool into the
// other one.
func (p *points) returned(s *ast.ReturnStmt) {
	kinds := spread(p.results[len(p.results)-1])
	if len(s.Results) == 0 || len(kinds) == 0 {
		return
	}
	single := len(s.Results) == 1 && len(kinds) > 1
	for i, kind := range kinds {
		if single {
			p.returnedCall(s, kinds, i)
			continue
		}
		instead, ok := p.instead(s.Results[i], kind)
		if !ok {
			continue
		}
		parts := make([]string, len(kinds))
		for j := range kinds {
			parts[j] = p.text(s.Results[j])
		}
		parts[i] = instead
		p.returns(s, strings.Join(parts, ", "), strings.Join(parts, ", "))
	}
}

func (p *points) returnedCall(s *ast.ReturnStmt, kinds []ast.Expr, i int) {
	names, parts := make([]string, len(kinds)), make([]string, len(kinds))
	for j := range kinds {
		names[j] = fmt.Sprintf("r%d_", j)
		parts[j] = names[j]
	}
	parts[i] = "*new(" + p.text(kinds[i]) + ")"
	if p.text(kinds[i]) == "bool" {
		parts[i] = "!" + names[i]
	} else {
		names[i] = "_"
	}
	to := strings.Join(parts, ", ")
	p.returns(s, to, "")
	last := &p.wraps[len(p.wraps)-1]
	last.before = strings.Replace(last.before, "{ return ", "{ "+strings.Join(names, ", ")+" := "+p.text(s.Results[0])+"; return "+to, 1)
}

func (p *points) returns(s *ast.ReturnStmt, shown, code string) {
	id := p.add(s, "return", p.text(s), "return "+shown)
	p.put(s, fmt.Sprintf("if mutant_(%d) { return %s }; ", id, code), "")
}

// instead is what a result is changed into, and whether that is a change.
func (p *points) instead(e ast.Expr, kind ast.Expr) (string, bool) {
	text := p.text(e)
	if k := p.text(kind); k != "bool" {
		zero := map[string]bool{"nil": true, `""`: true, "0": true, k + "{}": true}[text]
		return "*new(" + k + ")", !zero
	}
	if b, ok := e.(*ast.BinaryExpr); ok && (negation[b.Op] != 0 || logical[b.Op] != 0) {
		return "", false
	}
	return "!(" + text + ")", true
}

// spread is one type a result.
func spread(results *ast.FieldList) (kinds []ast.Expr) {
	if results == nil {
		return nil
	}
	for _, f := range results.List {
		for range max(len(f.Names), 1) {
			kinds = append(kinds, f.Type)
		}
	}
	return kinds
}

func (p *points) add(n ast.Node, op, from, to string) int {
	m := Mutant{File: p.file, Line: p.fset.Position(n.Pos()).Line, Func: p.fn, Op: op, From: oneLine(from), To: oneLine(to)}
	m.Nth = 1
	key := m.Key()
	p.seen[key]++
	m.Nth = p.seen[key]
	m.ID = p.next
	p.next++
	p.mutants = append(p.mutants, m)
	return m.ID
}

func (p *points) put(n ast.Node, before, after string) {
	p.wraps = append(p.wraps, wrap{p.fset.Position(n.Pos()).Offset, p.fset.Position(n.End()).Offset, before, after})
}

func (p *points) text(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, p.fset, n); err != nil {
		panic(err)
	}
	return b.String()
}

// typeName is how the file would write a type, and whether it can.
func (p *points) typeName(t types.Type) (string, bool) {
	nameable := true
	name := types.TypeString(t, func(other *types.Package) string {
		if other == p.pkg {
			return ""
		}
		if p.imports[other.Path()] == "" {
			nameable = false
		}
		return p.imports[other.Path()]
	})
	return name, nameable && !strings.HasPrefix(name, "untyped ")
}

var spaces = regexp.MustCompile(`\s+`)

// oneLine shortens what is long, in the middle, so that it stays a name.
func oneLine(s string) string {
	s = strings.TrimSpace(spaces.ReplaceAllString(s, " "))
	if r := []rune(s); len(r) > 110 {
		return string(r[:70]) + " … " + string(r[len(r)-36:])
	}
	return s
}

// woven is the file with every mutant in it.
func (p *points) woven() []byte {
	before, after := map[int]string{}, map[int]string{}
	for _, w := range p.wraps {
		before[w.from] += w.before
		after[w.to] = w.after + after[w.to]
	}
	var b bytes.Buffer
	for i := 0; i <= len(p.source); i++ {
		b.WriteString(after[i])
		b.WriteString(before[i])
		if i < len(p.source) {
			b.WriteByte(p.source[i])
		}
	}
	return b.Bytes()
}
