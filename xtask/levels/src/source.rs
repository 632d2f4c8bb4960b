//! What one file says: the modules it declares, what it imports, and every path in its code.
//!
//! Comments, docs, attributes and visibilities (`pub(super)`) are no code. Nor is an item under a
//! condition that only a test meets (see [`cfg`](crate::cfg)). What a macro call holds, or a macro's
//! definition, is read as a list of words, of which those that look like a path count.

use crate::attrs;
use crate::cfg::{Answer, paths, test_only};
use crate::words::{self, Part};
use proc_macro2::{Span, TokenStream};
use std::collections::HashSet;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, Macro, Path, Stmt, TraitItem, UseTree, Visibility};

/// A module: a whole file, or a `mod x { .. }` in one.
#[derive(Debug, Default)]
pub struct Module {
    /// The names of the items it defines.
    pub items: HashSet<String>,
    /// The macros that it defines by `macro_rules!`.
    pub macros: HashSet<String>,
    /// Those of them that are the root's, by `#[macro_export]`.
    pub exports: HashSet<String>,
    pub uses: Vec<Use>,
    /// The paths in its code.
    pub paths: Vec<Named>,
    /// The macros that it calls by a bare name.
    pub calls: Vec<Named>,
    /// The modules in files of their own.
    pub children: Vec<Child>,
    /// The modules written out in this one.
    pub inline: Vec<(String, Module)>,
}

/// `use path as name`; without a name, all that the path holds.
#[derive(Debug)]
pub struct Use {
    pub path: Named,
    pub name: Option<String>,
    /// Others may import it from here.
    pub exported: bool,
}

#[derive(Clone, Debug)]
pub struct Named {
    pub segments: Vec<String>,
    pub line: usize,
}

/// `mod name;`
#[derive(Debug)]
pub struct Child {
    pub name: String,
    pub line: usize,
    pub test: bool,
    /// `#[macro_use]`: its macros are known beside it.
    pub macro_use: bool,
    /// Where `#[path]` says that it lies, and under what condition.
    pub paths: Vec<(Answer, String)>,
}

/// Parses a file.
pub fn parse(text: &str) -> syn::Result<Module> {
    let file = syn::parse_file(text)?;
    let mut reader = Reader {
        module: Module::default(),
    };
    reader.visit_file(&file);
    Ok(reader.module)
}

struct Reader {
    /// The innermost module that is open.
    module: Module,
}

impl Reader {
    fn name(&mut self, segments: Vec<String>, span: Span) {
        let line = span.start().line;
        self.module.paths.push(Named { segments, line });
    }

    fn import(&mut self, item: &ItemUse) {
        let exported = !matches!(item.vis, Visibility::Inherited);
        // `::name` is another crate's: no module has an empty name.
        let mut before = match item.leading_colon {
            Some(_) => vec![String::new()],
            None => Vec::new(),
        };
        self.flatten(&item.tree, &mut before, exported);
    }

    fn flatten(&mut self, tree: &UseTree, before: &mut Vec<String>, exported: bool) {
        let (ident, name) = match tree {
            UseTree::Path(part) => {
                before.push(part.ident.to_string());
                self.flatten(&part.tree, before, exported);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                for part in &group.items {
                    self.flatten(part, before, exported);
                }
                return;
            }
            UseTree::Glob(star) => {
                let line = star.star_token.spans[0].start().line;
                self.add(before.clone(), line, None, exported);
                return;
            }
            UseTree::Name(part) => (&part.ident, &part.ident),
            UseTree::Rename(part) => (&part.ident, &part.rename),
        };
        let mut segments = before.clone();
        // `use a::b::{self}` is `use a::b`.
        if ident != "self" || before.is_empty() {
            segments.push(ident.to_string());
        }
        let name = if name == "self" {
            segments.last().cloned()
        } else {
            Some(name.to_string())
        };
        self.add(segments, ident.span().start().line, name, exported);
    }

    fn add(&mut self, segments: Vec<String>, line: usize, name: Option<String>, exported: bool) {
        let path = Named { segments, line };
        self.module.uses.push(Use {
            path,
            name,
            exported,
        });
    }

    fn declare(&mut self, item: &syn::ItemMod) {
        let name = item.ident.to_string();
        let Some((_, items)) = &item.content else {
            self.module.children.push(Child {
                name,
                line: item.ident.span().start().line,
                test: test_only(&item.attrs),
                macro_use: item.attrs.iter().any(|a| a.path().is_ident("macro_use")),
                paths: paths(&item.attrs),
            });
            return;
        };
        if test_only(&item.attrs) {
            return;
        }
        let outer = std::mem::take(&mut self.module);
        items.iter().for_each(|item| self.visit_item(item));
        let inner = std::mem::replace(&mut self.module, outer);
        self.module.inline.push((name, inner));
    }

    /// The paths in a macro's words.
    fn read(&mut self, tokens: TokenStream) {
        for part in words::parts(tokens) {
            match part {
                Part::Path(segments, span) => self.name(segments, span),
                Part::Call(name, span) => self.call(vec![name], span),
                Part::Import(item) => self.import(&item),
            }
        }
    }

    fn call(&mut self, segments: Vec<String>, span: Span) {
        let line = span.start().line;
        self.module.calls.push(Named { segments, line });
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_attribute(&mut self, _: &'a Attribute) {}

    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_item(&mut self, item: &'a Item) {
        if let Item::Mod(module) = item {
            self.declare(module);
            return;
        }
        if test_only(attrs::of_item(item)) {
            return;
        }
        if let Some(name) = name_of_item(item) {
            self.module.items.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        self.import(item);
    }

    fn visit_item_extern_crate(&mut self, item: &'a syn::ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
        let path = match item.ident == "self" {
            true => vec!["crate".to_owned()],
            false => vec![String::new(), item.ident.to_string()],
        };
        let line = item.ident.span().start().line;
        self.add(path, line, Some(name.to_string()), false);
    }

    fn visit_item_macro(&mut self, item: &'a syn::ItemMacro) {
        if let Some(name) = &item.ident {
            self.module.macros.insert(name.to_string());
            if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) {
                self.module.exports.insert(name.to_string());
            }
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        if !test_only(attrs::of_impl_item(item)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'a TraitItem) {
        if !test_only(attrs::of_trait_item(item)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if !test_only(attrs::of_stmt(stmt)) {
            visit::visit_stmt(self, stmt);
        }
    }

    fn visit_field(&mut self, field: &'a syn::Field) {
        if !test_only(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'a syn::FieldValue) {
        if !test_only(&field.attrs) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_variant(&mut self, variant: &'a syn::Variant) {
        if !test_only(&variant.attrs) {
            visit::visit_variant(self, variant);
        }
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        if !test_only(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        let first = path
            .segments
            .first()
            .filter(|_| path.leading_colon.is_none());
        if let Some(first) = first {
            let segments = path.segments.iter().map(|s| s.ident.to_string()).collect();
            self.name(segments, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        match call.path.get_ident() {
            Some(name) => self.call(vec![name.to_string()], name.span()),
            None => self.visit_path(&call.path),
        }
        self.read(call.tokens.clone());
    }
}

fn name_of_item(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(i) => &i.ident,
        Item::Enum(i) => &i.ident,
        Item::Fn(i) => &i.sig.ident,
        Item::Static(i) => &i.ident,
        Item::Struct(i) => &i.ident,
        Item::Trait(i) => &i.ident,
        Item::TraitAlias(i) => &i.ident,
        Item::Type(i) => &i.ident,
        Item::Union(i) => &i.ident,
        _ => return None,
    };
    Some(name.to_string())
}
