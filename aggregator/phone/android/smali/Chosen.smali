# The button under the question for the address.
.class Lorg/iptvdc/shell/Chosen;
.super Ljava/lang/Object;
.implements Landroid/content/DialogInterface$OnClickListener;

.field final main:Lorg/iptvdc/shell/Main;
.field final field:Landroid/widget/EditText;

.method constructor <init>(Lorg/iptvdc/shell/Main;Landroid/widget/EditText;)V
    .registers 3
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    iput-object p1, p0, Lorg/iptvdc/shell/Chosen;->main:Lorg/iptvdc/shell/Main;
    iput-object p2, p0, Lorg/iptvdc/shell/Chosen;->field:Landroid/widget/EditText;
    return-void
.end method

.method public onClick(Landroid/content/DialogInterface;I)V
    .registers 5
    iget-object v0, p0, Lorg/iptvdc/shell/Chosen;->field:Landroid/widget/EditText;
    invoke-virtual {v0}, Landroid/widget/EditText;->getText()Landroid/text/Editable;
    move-result-object v0
    invoke-virtual {v0}, Ljava/lang/Object;->toString()Ljava/lang/String;
    move-result-object v0
    iget-object v1, p0, Lorg/iptvdc/shell/Chosen;->main:Lorg/iptvdc/shell/Main;
    invoke-virtual {v1, v0}, Lorg/iptvdc/shell/Main;->open(Ljava/lang/String;)V
    return-void
.end method
