"""Show a chapter's main figure first: the cell tagged `lead` stands before all other cells.

In the notebook it stays where it can be drawn, after what it draws has been computed.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform


class LeadFigure(SphinxTransform):
    """Move the cell up to where the page's first cell is."""

    default_priority = 398  # before the cell of parameters becomes a table

    def apply(self, **options):
        """Run the transform on one page."""
        cells = [
            node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code"
        ]
        leads = [cell for cell in cells if "lead" in cell["cell_metadata"].get("tags", ())]
        others = [cell for cell in cells if cell not in leads]
        for lead in leads if others else ():
            lead.parent.remove(lead)
            others[0].parent.insert(others[0].parent.index(others[0]), lead)


def setup(app):
    """Register with Sphinx."""
    app.add_transform(LeadFigure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
